package chaos

import "maps"

// Stats are counts since the proxy was made, but what is open, which is of now.
// Requests below Config.Exempt are in Connections and Bytes alone.
type Stats struct {
	Connections Connections      `json:"connections"`
	Requests    map[Road]int64   `json:"requests"` // by road
	Open        map[Road]int64   `json:"open"`     // requests whose answer has not ended, by road
	Bytes       Bytes            `json:"bytes"`
	Faults      map[string]int64 `json:"faults"` // requests that each fault was done to, by its key
	Rules       map[string]int64 `json:"rules"`  // faults that each rule did, by its id; of rules in force
}

// Connections counts those of clients.
type Connections struct {
	Accepted   int64 `json:"accepted"`
	TurnedAway int64 `json:"turnedAway"` // beyond Config.MaxConnections
	Open       int64 `json:"open"`
}

// Bytes counts those that were passed on.
type Bytes struct {
	Up   int64 `json:"up"`
	Down int64 `json:"down"`
}

// Stats returns the counts as they are now.
func (p *Proxy) Stats() Stats {
	s := Stats{
		Connections: Connections{Accepted: p.accepted.Load(), TurnedAway: p.turnedAway.Load()},
		Open:        make(map[Road]int64),
		Bytes:       Bytes{Up: p.bytesUp.Load(), Down: p.bytesDown.Load()},
		Faults:      make(map[string]int64),
		Rules:       make(map[string]int64),
	}
	for k := range kinds {
		if n := p.applied[k].Load(); n > 0 {
			s.Faults[k.String()] = n
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	s.Connections.Open = int64(len(p.conns))
	s.Requests = maps.Clone(p.requests)
	for ex := range p.open {
		if !ex.exempt {
			s.Open[ex.road]++
		}
	}
	for _, r := range p.rules {
		s.Rules[r.ID] = r.applied.Load()
	}
	return s
}
