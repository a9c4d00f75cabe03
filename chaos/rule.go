package chaos

import "time"

// Road is the way by which a client speaks to a tutti server.
type Road string

// The roads. A path before /v1/ does not matter.
const (
	WS       Road = "ws"       // a request to /v1/ws that asks for an upgrade
	SSE      Road = "sse"      // GET or POST /v1/sse
	Poll     Road = "poll"     // GET or POST /v1/poll
	Commands Road = "commands" // POST /v1/commands
	Other    Road = "other"    // every other request, and what is not HTTP/1.1
)

var roads = []Road{WS, SSE, Poll, Commands, Other}

// Direction is the way that bytes go.
type Direction string

// The directions.
const (
	Both Direction = ""
	Up   Direction = "up"   // from the client to the target
	Down Direction = "down" // from the target to the client
)

// Rule spoils the requests that it matches.
type Rule struct {
	// ID names the rule among the others: 1 to 64 of A-Z a-z 0-9 _ . -. Empty:
	// the proxy gives it one.
	ID    string `json:"id,omitempty"`
	Match Match  `json:"match,omitzero"`
	Fault Fault  `json:"fault"`
}

// clone returns a copy that shares nothing.
func (r Rule) clone() Rule {
	if d := r.Fault.Dribble; d != nil {
		c := *d
		r.Fault.Dribble = &c
	}
	if p := r.Fault.Portal; p != nil {
		c := *p
		r.Fault.Portal = &c
	}
	return r
}

// Match says which requests a rule is for: those that fit all fields that are
// set. The zero Match fits every request.
type Match struct {
	Road   Road   `json:"road,omitempty"`
	Path   string `json:"path,omitempty"`   // without the query; a * at its end stands for anything
	Method string `json:"method,omitempty"` // as GET

	// Direction is which way the fault works; Both if not set. It goes with
	// Delay, Jitter, Pause, Dribble, HalfClose and CutAfter alone.
	Direction Direction `json:"direction,omitempty"`

	// Nth is the one request that the rule is for, of those that fit, since the
	// rule was set; 1 is the first. 0: all.
	Nth int `json:"nth,omitempty"`
	// Probability that the rule is for a request that fits, over 0 and at most 1.
	// 0: 1.
	Probability float64 `json:"probability,omitempty"`
}

// Fault is what is done to a request and its answer. Several may be set; where
// several rules set the same one, the first rule's is done.
type Fault struct {
	// Delay is how long bytes take longer, and Jitter what is added to it, from 0
	// to Jitter at random. Bytes stay in order and are not made fewer a second.
	Delay  time.Duration `json:"-"`
	Jitter time.Duration `json:"-"`

	// Pause holds all bytes until the rule is gone. The connection stays: the
	// network that lost its way and does not say so.
	Pause bool `json:"pause,omitempty"`
	// Dribble lets bytes through a few at a time.
	Dribble *Dribble `json:"dribble,omitempty"`
	// Buffer holds the answer's body, or what follows a WebSocket's handshake,
	// until it ends, as a proxy does that buffers. What is held is let go when
	// the rule is gone, and each time that it outgrows Config.BufferBytes.
	Buffer bool `json:"buffer,omitempty"`

	// HalfClose ends one direction and leaves the other open. Up: the target sees
	// the end of the client's bytes once the request is through. Down: the client
	// sees the end of the target's once the answer's head is through. What comes
	// after is dropped.
	HalfClose bool `json:"halfClose,omitempty"`
	// Cut closes the connection at once, in good order (FIN). A new request is
	// not forwarded.
	Cut bool `json:"cut,omitempty"`
	// Reset is a Cut with an error (RST).
	Reset bool `json:"reset,omitempty"`
	// CutAfter cuts the connection after so many bytes, heads included, in the
	// matched direction since the rule took hold; Both is Down.
	CutAfter int64 `json:"cutAfter,omitempty"`
	// LoseAnswer forwards the request, and cuts the connection in place of the
	// first byte of the answer. On a stream that is open already, in place of the
	// next bytes of the target.
	LoseAnswer bool `json:"loseAnswer,omitempty"`

	// Refuse closes the connection of a new request, not of one that is open.
	Refuse bool `json:"refuse,omitempty"`
	// Portal answers a new request as a network does that wants a login first.
	Portal *Portal `json:"portal,omitempty"`
	// Status answers a new request with this status, 200 to 599, as a proxy does
	// that forbids it.
	Status int `json:"status,omitempty"`
}

// Dribble is a slow line.
type Dribble struct {
	Bytes int           `json:"bytes"` // at a time
	Every time.Duration `json:"-"`     // from one time to the next
}

// Portal is the answer of a captive portal.
type Portal struct {
	Status   int    `json:"status,omitempty"`   // 0: 200, or 302 with a Location
	Body     string `json:"body,omitempty"`     // HTML; empty: a page that asks for a login
	Location string `json:"location,omitempty"` // where to go
}
