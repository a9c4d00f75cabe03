package chaos

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/tuttisync/tutti/protocol"
)

// Handler returns the control of the proxy over HTTP:
//
//	GET    /rules              {"rules": [...]}, with their ids
//	PUT    /rules              the whole set; answers as GET
//	POST   /rules              one rule more, or in the place of its id; answers {"id"}
//	DELETE /rules              all of them
//	DELETE /rules/{id}         one
//	POST   /cut?road=ws        Cut; reset=true: Reset; answers {"cut": connections}
//	GET    /stats              Stats
//
// An error is {"error": {code, message, retryable}}, as tutti's own. It is for
// this machine alone, see [Local]: a page of a stranger must not reach it.
func (p *Proxy) Handler() http.Handler {
	mux := http.NewServeMux()
	for pattern, handle := range map[string]func(*http.Request) (any, error){
		"GET /rules":         p.getRules,
		"PUT /rules":         p.putRules,
		"POST /rules":        p.postRule,
		"DELETE /rules":      p.deleteRules,
		"DELETE /rules/{id}": p.deleteRule,
		"POST /cut":          p.postCut,
		"GET /stats":         func(*http.Request) (any, error) { return p.Stats(), nil },
	} {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			v, err := handle(r)
			if err != nil {
				fail(w, err)
				return
			}
			answer(w, http.StatusOK, v)
		})
	}
	return Local(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, pattern := mux.Handler(r); pattern == "" {
			fail(w, unrouted(w, mux, r))
			return
		}
		mux.ServeHTTP(w, r)
	}))
}

// Local returns h for this machine alone: requests for a host that is not this
// machine by a name of its own, and from pages of others, are refused.
// Preflights of pages of this machine are answered.
func Local(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !admit(w, r) {
			fail(w, protocol.Errorf(protocol.OriginForbidden, "The control of faults is for this machine: by the name localhost or a loopback address, from pages of the same."))
			return
		}
		if r.Method == http.MethodOptions {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		h.ServeHTTP(w, r)
	})
}

type rulesBody struct {
	Rules []Rule `json:"rules"`
}

func (p *Proxy) getRules(*http.Request) (any, error) { return rulesBody{p.Rules()}, nil }

func (p *Proxy) putRules(r *http.Request) (any, error) {
	text, err := body(r)
	if err != nil {
		return nil, err
	}
	rules, err := ParseRules(text)
	if err != nil {
		return nil, protocol.Errorf(protocol.BadMessage, "%v", err)
	}
	if err := p.SetRules(rules); err != nil {
		return nil, protocol.Errorf(protocol.BadMessage, "%v", err)
	}
	return p.getRules(r)
}

func (p *Proxy) postRule(r *http.Request) (any, error) {
	text, err := body(r)
	if err != nil {
		return nil, err
	}
	rule, err := ParseRule(text)
	if err != nil {
		return nil, protocol.Errorf(protocol.BadMessage, "%v", err)
	}
	id, err := p.AddRule(rule)
	if err != nil {
		return nil, protocol.Errorf(protocol.LimitExceeded, "%v", err)
	}
	return map[string]string{"id": id}, nil
}

func (p *Proxy) deleteRules(r *http.Request) (any, error) {
	if err := p.SetRules(nil); err != nil {
		return nil, err
	}
	return p.getRules(r)
}

func (p *Proxy) deleteRule(r *http.Request) (any, error) {
	if id := r.PathValue("id"); !p.RemoveRule(id) {
		return nil, protocol.Errorf(protocol.NotFound, "There is no rule %.80q.", id)
	}
	return p.getRules(r)
}

func (p *Proxy) postCut(r *http.Request) (any, error) {
	query := r.URL.Query()
	road := Road(query.Get("road"))
	if road != "" && !slices.Contains(roads, road) {
		return nil, protocol.Errorf(protocol.BadMessage, "road: %.40q is not one of %v", road, roads)
	}
	end := p.Cut
	switch query.Get("reset") {
	case "", "false":
	case "true":
		end = p.Reset
	default:
		return nil, protocol.Errorf(protocol.BadMessage, "reset: %.40q is not true or false", query.Get("reset"))
	}
	return map[string]int{"cut": end(road)}, nil
}

func body(r *http.Request) ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(r.Body, maxRulesBytes+1))
	switch {
	case err != nil:
		return nil, protocol.Errorf(protocol.BadMessage, "The body cannot be read: %v", err)
	case len(text) > maxRulesBytes:
		return nil, protocol.Errorf(protocol.TooLarge, "The body is larger than %d bytes.", maxRulesBytes)
	}
	return text, nil
}

var controlMethods = []string{http.MethodGet, http.MethodPut, http.MethodPost, http.MethodDelete}

// unrouted says what is wrong with a request that has no route.
func unrouted(w http.ResponseWriter, mux *http.ServeMux, r *http.Request) error {
	var allowed []string
	for _, method := range controlMethods {
		other := *r
		other.Method = method
		if _, pattern := mux.Handler(&other); pattern != "" {
			allowed = append(allowed, method)
		}
	}
	if len(allowed) == 0 {
		return protocol.Errorf(protocol.NotFound, "There is nothing here; /rules, /cut and /stats are.")
	}
	w.Header().Set("Allow", strings.Join(allowed, ", "))
	return protocol.Errorf(protocol.MethodNotAllowed, "")
}

func fail(w http.ResponseWriter, err error) {
	e := protocol.AsError(err)
	answer(w, e.Kind().Status, map[string]*protocol.Error{"error": e})
}

func answer(w http.ResponseWriter, status int, v any) {
	text, err := json.Marshal(v)
	if err != nil {
		status, text = http.StatusInternalServerError, []byte(`{"error":{"code":"internal","message":"The answer cannot be written.","retryable":true}}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(append(text, '\n')) // the caller has left
}

// admit judges where a request comes from, and tells the browser what its page
// may do.
func admit(w http.ResponseWriter, r *http.Request) bool {
	if !isLoopback((&url.URL{Host: r.Host}).Hostname()) {
		return false // a name that somebody has pointed at this machine
	}
	origin := r.Header.Get("Origin")
	if origin == "" {
		return true
	}
	u, err := url.Parse(origin)
	if err != nil || !isLoopback(u.Hostname()) {
		return false
	}
	h := w.Header()
	h.Add("Vary", "Origin")
	h.Set("Access-Control-Allow-Origin", origin)
	if r.Method == http.MethodOptions {
		h.Set("Access-Control-Allow-Methods", strings.Join(controlMethods, ", "))
		h.Set("Access-Control-Allow-Headers", "Content-Type")
		h.Set("Access-Control-Max-Age", "600")
	}
	return true
}

func isLoopback(name string) bool {
	ip := net.ParseIP(name)
	return strings.EqualFold(name, "localhost") || (ip != nil && ip.IsLoopback())
}
