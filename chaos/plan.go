package chaos

import (
	"hash/fnv"
	"math/rand/v2"
	"strings"
	"sync/atomic"
)

// ruleState is a rule that is in force.
type ruleState struct {
	Rule
	chance  *rand.Rand
	seen    int // requests that fit
	applied atomic.Int64
}

func newRuleState(r Rule, seed uint64) *ruleState {
	h := fnv.New64a()
	_, _ = h.Write([]byte(r.ID)) // never fails
	return &ruleState{Rule: r.clone(), chance: rand.New(rand.NewPCG(seed, h.Sum64()))}
}

func (r *ruleState) fits(req *request) bool {
	m := &r.Match
	prefix, open := strings.CutSuffix(m.Path, "*")
	return (m.Road == "" || m.Road == req.road) &&
		(m.Method == "" || m.Method == req.method) &&
		(m.Path == "" || m.Path == req.path || (open && strings.HasPrefix(req.path, prefix)))
}

// draw says whether the rule is for the next request that fits.
func (r *ruleState) draw() bool {
	r.seen++
	if r.Match.Nth > 0 && r.seen != r.Match.Nth {
		return false
	}
	p := r.Match.Probability
	return p == 0 || r.chance.Float64() < p
}

// plan is what is done to one exchange: the rule that says so, for each
// direction and kind, or nil. It does not change; another supersedes it.
type plan struct {
	up, down   [kinds]*ruleState
	superseded chan struct{} // closed when it is
}

func newPlan(hits []*ruleState) *plan {
	p := &plan{superseded: make(chan struct{})}
	for _, r := range hits {
		for k := range kinds {
			if p.up[k] == nil && r.covers(k, Up) {
				p.up[k] = r
			}
			if p.down[k] == nil && r.covers(k, Down) {
				p.down[k] = r
			}
		}
	}
	return p
}

func (p *plan) way(d Direction) *[kinds]*ruleState {
	if d == Up {
		return &p.up
	}
	return &p.down
}

// exchange is one request and its answer. A tunnel is one that never ends.
type exchange struct {
	request
	serial uint64
	conn   *conn
	exempt bool

	plan  atomic.Pointer[plan]
	noted [kinds]atomic.Pointer[ruleState]

	answer   []byte    // what the proxy answers in place of the target
	upgraded chan bool // whether the target took the upgrade; told once
	open     atomic.Int32

	decided map[*ruleState]bool // guarded by Proxy.mu
}
