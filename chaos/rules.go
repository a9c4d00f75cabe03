package chaos

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
)

// SetRules puts these rules in the place of all others. All of them are new:
// what was counted or drawn before does not count. It returns an error, and
// changes nothing, unless every rule is valid.
func (p *Proxy) SetRules(rules []Rule) error {
	if err := checkRules(rules); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rules = nil
	for _, r := range rules {
		if r.ID == "" {
			r.ID = p.freeID(rules)
		}
		p.rules = append(p.rules, newRuleState(r, p.config.Seed))
	}
	p.review()
	return nil
}

// AddRule puts a rule behind the others, or in the place of the one with its id,
// and returns its id.
func (p *Proxy) AddRule(r Rule) (string, error) {
	var found faults
	if r.check(&found, "rule"); len(found) > 0 {
		return "", fmt.Errorf("add rule: %w", found[0])
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if r.ID == "" {
		r.ID = p.freeID(nil)
	}
	fresh := newRuleState(r, p.config.Seed)
	switch i := p.find(r.ID); {
	case i >= 0:
		p.rules[i] = fresh
	case len(p.rules) == maxRules:
		return "", fmt.Errorf("add rule: there are %d already", maxRules)
	default:
		p.rules = append(p.rules, fresh)
	}
	p.review()
	return r.ID, nil
}

// RemoveRule takes a rule away and says whether there was one.
func (p *Proxy) RemoveRule(id string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	i := p.find(id)
	if i < 0 {
		return false
	}
	p.rules = slices.Delete(p.rules, i, i+1)
	p.review()
	return true
}

// Rules returns the rules in force, with their ids.
func (p *Proxy) Rules() []Rule {
	p.mu.Lock()
	defer p.mu.Unlock()
	rules := make([]Rule, len(p.rules))
	for i, r := range p.rules {
		rules[i] = r.clone()
	}
	return rules
}

func (p *Proxy) find(id string) int {
	return slices.IndexFunc(p.rules, func(r *ruleState) bool { return r.ID == id })
}

// freeID returns an id that no rule in force has, nor any that is to come.
func (p *Proxy) freeID(coming []Rule) string {
	for n := 1; ; n++ {
		id := "r" + strconv.Itoa(n)
		if p.find(id) < 0 && !slices.ContainsFunc(coming, func(r Rule) bool { return r.ID == id }) {
			return id
		}
	}
}

// review judges all exchanges that are open by the rules as they are now, in the
// order in which they began.
func (p *Proxy) review() {
	for _, ex := range slices.SortedFunc(maps.Keys(p.open), func(a, b *exchange) int { return cmp.Compare(a.serial, b.serial) }) {
		p.judge(ex)
		ex.conn.strike(ex)
	}
}

// judge decides on the rules that are new to an exchange and makes its plan.
func (p *Proxy) judge(ex *exchange) {
	var hits []*ruleState
	decided := make(map[*ruleState]bool, len(p.rules))
	for _, r := range p.rules {
		hit, known := ex.decided[r]
		if !known && !ex.exempt {
			hit = r.fits(&ex.request) && r.draw()
		}
		decided[r] = hit
		if hit {
			hits = append(hits, r)
		}
	}
	ex.decided = decided
	if old := ex.plan.Swap(newPlan(hits)); old != nil {
		close(old.superseded)
	}
}

// begin opens an exchange and judges it.
func (p *Proxy) begin(c *conn, req request) *exchange {
	ex := &exchange{request: req, conn: c, exempt: p.exempt(req.path), upgraded: make(chan bool, 1)}
	ex.open.Store(2)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.serial++
	ex.serial = p.serial
	p.open[ex] = struct{}{}
	if !ex.exempt {
		p.requests[req.road]++
	}
	p.judge(ex)
	return ex
}

// end tells that one direction of an exchange is through.
func (p *Proxy) end(ex *exchange) {
	if ex.open.Add(-1) > 0 {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.open, ex)
}
