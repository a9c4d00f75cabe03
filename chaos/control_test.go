package chaos

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// control is the handler of a proxy that forwards nowhere.
func control(t *testing.T) (*Proxy, http.Handler) {
	p, err := New(Config{Target: "127.0.0.1:1"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() })
	return p, p.Handler()
}

func ask(h http.Handler, method, path, body string, change func(*http.Request)) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "http://127.0.0.1:8082"+path, strings.NewReader(body))
	if change != nil {
		change(r)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestControl(t *testing.T) {
	_, h := control(t)
	for _, c := range []struct {
		method, path, body string
		status             int
		want               string
	}{
		{"GET", "/rules", "", 200, `{"rules":[]}`},
		{"POST", "/rules", `{"fault": {"delay": "50ms"}}`, 200, `{"id":"r1"}`},
		{"POST", "/rules", `{"id": "ws", "match": {"road": "ws"}, "fault": {"status": 403}}`, 200, `{"id":"ws"}`},
		{"POST", "/rules", `{"id": "r1", "fault": {"delay": "1m0s"}}`, 200, `{"id":"r1"}`},
		{"GET", "/rules", "", 200, `{"rules":[{"id":"r1","fault":{"delay":"1m0s"}},{"id":"ws","match":{"road":"ws"},"fault":{"status":403}}]}`},
		{"DELETE", "/rules/r1", "", 200, `{"rules":[{"id":"ws","match":{"road":"ws"},"fault":{"status":403}}]}`},
		{"PUT", "/rules", `[{"fault":{"pause":true}},{"id":"r1","fault":{"cut":true}}]`, 200, `{"rules":[{"id":"r2","fault":{"pause":true}},{"id":"r1","fault":{"cut":true}}]}`},
		{"DELETE", "/rules", "", 200, `{"rules":[]}`},
		{"POST", "/cut?road=ws", "", 200, `{"cut":0}`},
		{"POST", "/cut?reset=true", "", 200, `{"cut":0}`},
		{"GET", "/stats", "", 200, `{"connections":{"accepted":0,"turnedAway":0,"open":0},"requests":{},"open":{},"bytes":{"up":0,"down":0},"faults":{},"rules":{}}`},

		{"PUT", "/rules", `[{"fault":{"puase":true}}]`, 400, `{"error":{"code":"bad_message","message":"rules[0].fault.puase: unknown key; known are `},
		{"POST", "/rules", `[]`, 400, `{"error":{"code":"bad_message","message":"rule: must be an object with some of id, match, fault","retryable":false}}`},
		{"POST", "/rules", `{"fault":{}}`, 400, `{"error":{"code":"bad_message","message":"rule.fault: says nothing to do; `},
		{"PUT", "/rules", strings.Repeat(" ", maxRulesBytes+1), 413, `{"error":{"code":"too_large",`},
		{"DELETE", "/rules/none", "", 404, `{"error":{"code":"not_found","message":"There is no rule \"none\".","retryable":false}}`},
		{"POST", "/cut?road=air", "", 400, `{"error":{"code":"bad_message","message":"road: \"air\" is not one of [ws sse poll commands other]","retryable":false}}`},
		{"POST", "/cut?reset=perhaps", "", 400, `{"error":{"code":"bad_message","message":"reset: `},
		{"GET", "/cut", "", 405, `{"error":{"code":"method_not_allowed",`},
		{"GET", "/else", "", 404, `{"error":{"code":"not_found","message":"There is nothing here; /rules, /cut and /stats are.","retryable":false}}`},
	} {
		w := ask(h, c.method, c.path, c.body, nil)
		got := strings.TrimSuffix(w.Body.String(), "\n")
		if w.Code != c.status || !strings.HasPrefix(got, c.want) || !json.Valid([]byte(got)) {
			t.Errorf("%s %s %.60s: %d %s", c.method, c.path, c.body, w.Code, got)
		}
	}
	if got := ask(h, "DELETE", "/cut", "", nil).Header().Get("Allow"); got != "POST" {
		t.Errorf("allowed is %q", got)
	}
}

func TestControl_strangers(t *testing.T) {
	p, h := control(t)
	origin := func(o string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set("Origin", o) }
	}
	host := func(name string) func(*http.Request) {
		return func(r *http.Request) { r.Host = name }
	}
	for name, c := range map[string]struct {
		change func(*http.Request)
		taken  bool
	}{
		"localhost":             {host("localhost:8082"), true},
		"[::1]":                 {host("[::1]:8082"), true},
		"a name":                {host("evil.example:8082"), false},
		"a name that begins so": {host("127.0.0.1.evil.example"), false},
		"no host":               {host(""), false},
		"a page of this":        {origin("http://localhost:5173"), true},
		"a page of others":      {origin("https://evil.example"), false},
		"a page of a name":      {origin("http://localhost.evil.example"), false},
		"a page of nowhere":     {origin("null"), false},
	} {
		w := ask(h, "POST", "/rules", `{"id":"x","fault":{"cut":true}}`, c.change)
		if taken := w.Code == 200; taken != c.taken || p.RemoveRule("x") != c.taken {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
		if !c.taken && !strings.Contains(w.Body.String(), `"code":"origin_forbidden"`) {
			t.Errorf("%s: %s", name, w.Body)
		}
	}
	preflight := func(o string) *httptest.ResponseRecorder {
		return ask(h, "OPTIONS", "/rules", "", func(r *http.Request) {
			r.Header.Set("Origin", o)
			r.Header.Set("Access-Control-Request-Method", "PUT")
		})
	}
	if w := preflight("http://localhost:5173"); w.Code != 204 || w.Header().Get("Access-Control-Allow-Origin") != "http://localhost:5173" ||
		!strings.Contains(w.Header().Get("Access-Control-Allow-Methods"), "PUT") {
		t.Errorf("a preflight: %d %v", w.Code, w.Header())
	}
	if w := preflight("https://evil.example"); w.Code != 403 || w.Header().Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("a stranger's preflight: %d %v", w.Code, w.Header())
	}
}

func TestControl_cuts(t *testing.T) {
	s := newTarget(t)
	p, _ := newProxy(t, s, Config{})
	if _, _, err := dialSocket(t, p); err != nil {
		t.Fatal(err)
	}
	w := dialWire(t, p)
	w.send("GET /v1/sse HTTP/1.0\r\n\r\n")
	w.head()
	answer := ask(p.Handler(), "POST", "/cut?road=sse", "", nil)
	if text, err := io.ReadAll(answer.Body); err != nil || string(text) != "{\"cut\":1}\n" {
		t.Errorf("%s, %v", text, err)
	}
	if rest, err := w.rest(); rest != "" || err != nil {
		t.Errorf("%q, %v", rest, err)
	}
	until(t, p, "the other is there", func(s Stats) bool { return s.Open[WS] == 1 && s.Open[SSE] == 0 })
}

func TestConfig(t *testing.T) {
	for _, c := range []struct {
		config Config
		want   string
	}{
		{Config{}, `chaos: Config.Target: "" is not host:port`},
		{Config{Target: "here"}, `chaos: Config.Target: "here" is not host:port`},
		{Config{Target: ":80"}, `chaos: Config.Target: ":80" is not host:port`},
		{Config{Target: "a:1", BufferBytes: -1}, "chaos: Config.MaxConnections and Config.BufferBytes are not negative"},
		{Config{Target: "a:1", Rules: []Rule{{}}}, "chaos: Config.Rules: rules[0].fault: says nothing to do"},
		{Config{Target: "a:1", Listen: "nowhere"}, "chaos: listen tcp: "},
	} {
		if p, err := New(c.config); err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%v, %v; want %s", p, err, c.want)
		}
	}
}
