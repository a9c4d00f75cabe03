package chaos

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Bounds of what rules may say.
const (
	maxRules = 256
	maxText  = 64 << 10 // bytes of a portal's page
	maxWait  = 24 * time.Hour
)

// faults gathers what is wrong with rules, a line each that begins with a key.
type faults []error

func (f *faults) add(key, format string, args ...any) {
	*f = append(*f, fmt.Errorf("%s: "+format, append([]any{key}, args...)...))
}

// checkRules says all that is wrong with a set of rules.
func checkRules(rules []Rule) error {
	var found faults
	if len(rules) > maxRules {
		found.add("rules", "%d are more than %d", len(rules), maxRules)
		return errors.Join(found...)
	}
	seen := make(map[string]bool, len(rules))
	for i := range rules {
		key := "rules[" + strconv.Itoa(i) + "]"
		rules[i].check(&found, key)
		if id := rules[i].ID; id != "" {
			if seen[id] {
				found.add(key+".id", "%q stands here twice", id)
			}
			seen[id] = true
		}
	}
	return errors.Join(found...)
}

func (r *Rule) check(found *faults, key string) {
	if r.ID != "" && !validID(r.ID) {
		found.add(key+".id", "%.80q is not 1 to 64 of A-Z a-z 0-9 _ . -", r.ID)
	}
	r.Match.check(found, key+".match")
	r.Fault.check(found, key+".fault")
	if r.Match.Direction == Both {
		return
	}
	for k := range kinds {
		switch {
		case !r.Fault.has(k) || k.directed():
		default:
			found.add(key+".match.direction", "does not go with %s", k)
		}
	}
}

func validID(id string) bool {
	return len(id) <= 64 && strings.Trim(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-") == "" && id != ""
}

func (m *Match) check(found *faults, key string) {
	if m.Road != "" && !slices.Contains(roads, m.Road) {
		found.add(key+".road", "%.40q is not one of %v", m.Road, roads)
	}
	if m.Path != "" && m.Path[0] != '/' && m.Path != "*" || len(m.Path) > 1024 {
		found.add(key+".path", "%.80q is not a path like /v1/ws or /v1/*", m.Path)
	}
	if m.Method != "" && (strings.ToUpper(m.Method) != m.Method || len(m.Method) > 32) {
		found.add(key+".method", "%.40q is not a method like GET", m.Method)
	}
	if m.Direction != Both && m.Direction != Up && m.Direction != Down {
		found.add(key+".direction", "%.40q is not up or down", m.Direction)
	}
	if m.Nth < 0 {
		found.add(key+".nth", "%d is below 1, the first", m.Nth)
	}
	if !(m.Probability >= 0 && m.Probability <= 1) {
		found.add(key+".probability", "%v is not over 0 and at most 1", m.Probability)
	}
}

func (f *Fault) check(found *faults, key string) {
	set := 0
	for k := range kinds {
		if f.has(k) {
			set++
		}
	}
	if set == 0 {
		found.add(key, "says nothing to do; known are %s", strings.Join(keysOf[Fault](), ", "))
	}
	for _, w := range []struct {
		key string
		d   time.Duration
	}{{".delay", f.Delay}, {".jitter", f.Jitter}} {
		if w.d < 0 || w.d > maxWait {
			found.add(key+w.key, "%v is not between 0 and %v", w.d, maxWait)
		}
	}
	if d := f.Dribble; d != nil {
		if d.Bytes < 1 {
			found.add(key+".dribble.bytes", "%d is below 1", d.Bytes)
		}
		if d.Every <= 0 || d.Every > maxWait {
			found.add(key+".dribble.every", "%v is not over 0 and at most %v", d.Every, maxWait)
		}
	}
	if f.CutAfter < 0 {
		found.add(key+".cutAfter", "%d is below 1", f.CutAfter)
	}
	if f.Status != 0 && !validStatus(f.Status) {
		found.add(key+".status", "%d is not between 200 and 599", f.Status)
	}
	if f.Portal != nil {
		f.Portal.check(found, key+".portal")
	}
	ends := []kind{}
	for _, k := range []kind{refuse, cut, reset, portal, status} {
		if f.has(k) {
			ends = append(ends, k)
		}
	}
	if len(ends) > 1 {
		found.add(key, "%s and %s cannot both be done", ends[0], ends[1])
	}
}

func validStatus(s int) bool { return s >= 200 && s <= 599 }

func (p *Portal) check(found *faults, key string) {
	if p.Status != 0 && !validStatus(p.Status) {
		found.add(key+".status", "%d is not between 200 and 599", p.Status)
	}
	if len(p.Body) > maxText {
		found.add(key+".body", "%d bytes are more than %d", len(p.Body), maxText)
	}
	if (p.Status == http.StatusNoContent || p.Status == http.StatusNotModified) && p.Body != "" {
		found.add(key+".body", "does not go with status %d", p.Status)
	}
	for i := range len(p.Location) {
		if c := p.Location[i]; c <= ' ' || c >= 0x7f || i > 2048 {
			found.add(key+".location", "%.80q is not an address", p.Location)
			break
		}
	}
}
