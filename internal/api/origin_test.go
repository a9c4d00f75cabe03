package api

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/tuttisync/tutti/protocol"
)

// roads are all routes with a method and a path that would succeed.
var roads = map[string]string{
	"GET /v1/ws":                                "GET /v1/ws",
	"GET /v1/sse":                               "GET /v1/sse?topic=open:a",
	"GET /v1/poll":                              "GET /v1/poll?topic=open:a",
	"POST /v1/sse":                              "POST /v1/sse",
	"POST /v1/poll":                             "POST /v1/poll",
	"POST /v1/commands":                         "POST /v1/commands",
	"POST /v1/topics/{topic}/events":            "POST /v1/topics/open:a/events",
	"GET /v1/topics/{topic}/events":             "GET /v1/topics/open:a/events",
	"GET /v1/topics":                            "GET /v1/topics",
	"GET /v1/topics/{topic}/presence":           "GET /v1/topics/open:a/presence",
	"POST /v1/topics/{topic}/presence":          "POST /v1/topics/open:a/presence",
	"DELETE /v1/topics/{topic}/events":          "DELETE /v1/topics/open:a/events?before=1",
	"DELETE /v1/topics/{topic}/events/{offset}": "DELETE /v1/topics/open:a/events/1",
	"GET /v1/docs/{topic}":                      "GET /v1/docs/cards:a",
	"POST /v1/docs/{topic}/ops":                 "POST /v1/docs/cards:a/ops",
	"GET /v1/docs/{topic}/history":              "GET /v1/docs/cards:a/history",
	"GET /v1/docs/{topic}/blame":                "GET /v1/docs/notes:a/blame",
	"POST /v1/docs/{topic}/restore":             "POST /v1/docs/notes:a/restore",
	"GET /v1/docs/{topic}/versions":             "GET /v1/docs/cards:a/versions",
	"GET /v1/docs/{topic}/versions/{name}":      "GET /v1/docs/cards:a/versions/v1",
	"PUT /v1/docs/{topic}/versions/{name}":      "PUT /v1/docs/cards:a/versions/v1",
	"DELETE /v1/docs/{topic}/versions/{name}":   "DELETE /v1/docs/cards:a/versions/v1",
	"POST /v1/disconnect":                       "POST /v1/disconnect",
	"GET /v1/client.js":                         "GET /v1/client.js",
	"GET /v1/fallback.js":                       "GET /v1/fallback.js",
	"GET /v1/text.js":                           "GET /v1/text.js",
	"GET /v1/keep.js":                           "GET /v1/keep.js",
	"GET /v1/share.js":                          "GET /v1/share.js",
	"GET /v1/share-worker.js":                   "GET /v1/share-worker.js",
	"GET /v1/network.js":                        "GET /v1/network.js",
	"GET /v1/banner.js":                         "GET /v1/banner.js",
	"GET /v1/optimistic.js":                     "GET /v1/optimistic.js",
	"GET /healthz":                              "GET /healthz",
	"GET /readyz":                               "GET /readyz",
	"GET /metrics":                              "GET /metrics",
	"GET /":                                     "GET /",
}

// A page of another origin gets nothing on any road, and one that is listed is
// told by the browser's rules that it may read the answer.
func TestOrigin_AUTH_5_on_every_road(t *testing.T) {
	s := serve(t, withSite, func(set *settings) { set.api.Origins.Allowed = []string{"https://app.example"} })
	for _, command := range commands(t) {
		if !routePattern.MatchString(command) {
			continue
		}
		road, ok := roads[command]
		if !ok {
			t.Errorf("%s has no row in the table of roads", command)
			continue
		}
		method, path, _ := strings.Cut(road, " ")
		t.Run("AUTH-5/"+strings.ReplaceAll(command, "/", "_"), func(t *testing.T) {
			foreign := s.request(method, path, `{"data":1}`, "Origin", "https://evil.example")
			if got := failure(t, foreign); got.Code != protocol.OriginForbidden || foreign.Header.Get("Access-Control-Allow-Origin") != "" {
				t.Errorf("a foreign page: %v, %v", got, foreign.Header)
			}
			listed := s.request(method, path, `{"data":1}`, "Origin", "https://app.example")
			if listed.StatusCode == http.StatusForbidden || listed.Header.Get("Access-Control-Allow-Origin") != "https://app.example" ||
				!strings.Contains(strings.Join(listed.Header.Values("Vary"), ","), "Origin") {
				t.Errorf("a listed page: %d, %v", listed.StatusCode, listed.Header)
			}
			for name, origin := range map[string]string{"own": s.URL, "none": ""} {
				var header []string
				if origin != "" {
					header = []string{"Origin", origin}
				}
				r := s.request(method, path, `{"data":1}`, header...)
				if r.StatusCode == http.StatusForbidden || r.Header.Get("Access-Control-Allow-Origin") != "" {
					t.Errorf("%s: %d, %v", name, r.StatusCode, r.Header)
				}
			}
			asked := s.request("OPTIONS", path, "", "Origin", "https://app.example", "Access-Control-Request-Method", method)
			if asked.StatusCode != http.StatusNoContent || !strings.Contains(asked.Header.Get("Access-Control-Allow-Methods"), method) {
				t.Errorf("a listed page that asks first: %d, %v", asked.StatusCode, asked.Header)
			}
			for _, name := range []string{"Authorization", "Content-Type", "Idempotency-Key", "Last-Event-ID"} {
				if !strings.Contains(asked.Header.Get("Access-Control-Allow-Headers"), name) {
					t.Errorf("it may not send %s", name)
				}
			}
			refused := s.request("OPTIONS", path, "", "Origin", "https://evil.example", "Access-Control-Request-Method", method)
			if got := failure(t, refused); got.Code != protocol.OriginForbidden {
				t.Errorf("a foreign page that asks first: %v", got)
			}
		})
	}
}

func TestOrigins(t *testing.T) {
	for _, c := range []struct {
		name    string
		origins Origins
		host    string
		origin  string
		want    bool
	}{
		{"own", Origins{}, "example.com", "https://example.com", true},
		{"own_in_capitals", Origins{}, "Example.com", "https://example.COM", true},
		{"own_with_a_port", Origins{}, "example.com:8080", "http://example.com:8080", true},
		{"another_port", Origins{}, "example.com:8080", "http://example.com:8081", false},
		{"a_name_that_ends_alike", Origins{}, "example.com", "https://evilexample.com", false},
		{"a_name_that_begins_alike", Origins{}, "example.com", "https://example.com.evil.com", false},
		{"a_subdomain", Origins{}, "example.com", "https://www.example.com", false},
		{"null", Origins{}, "example.com", "null", false},
		{"no_url", Origins{}, "example.com", "http://%zz", false},
		{"no_host", Origins{}, "", "https://", false},
		{"listed", Origins{Allowed: []string{"https://a.example"}}, "example.com", "https://a.example", true},
		{"listed_with_another_scheme", Origins{Allowed: []string{"https://a.example"}}, "example.com", "http://a.example", false},
		{"listed_any", Origins{Allowed: []string{"*"}}, "example.com", "null", true},
		{"loopback", Origins{Loopback: true}, "127.0.0.1:8080", "http://localhost:5173", true},
		{"loopback_v4", Origins{Loopback: true}, "127.0.0.1:8080", "http://127.0.0.1:5173", true},
		{"loopback_v6", Origins{Loopback: true}, "127.0.0.1:8080", "http://[::1]:5173", true},
		{"a_name_like_loopback", Origins{Loopback: true}, "127.0.0.1:8080", "http://localhost.evil.com", false},
		{"loopback_by_a_name_of_its_own", Origins{Loopback: true}, "[::1]:8080", "http://[::1]:8080", true},
		{"loopback_by_a_name_pointed_at_it", Origins{Loopback: true}, "evil.com:8080", "http://evil.com:8080", false},
		{"loopback_by_a_name_pointed_at_it_no_page", Origins{Loopback: true}, "evil.com:8080", "", false},
		{"loopback_not_allowed", Origins{}, "example.com", "http://localhost:5173", false},
	} {
		t.Run("AUTH-5/"+c.name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.Host = c.host
			r.Header.Set("Origin", c.origin)
			w := httptest.NewRecorder()
			if got := c.origins.admit(w, r); got != c.want {
				t.Errorf("got %v", got)
			}
			if c.name == "listed_any" && (w.Header().Get("Access-Control-Allow-Origin") != "*" || w.Header().Get("Access-Control-Allow-Credentials") != "") {
				t.Errorf("any page may bring cookies: %v", w.Header())
			}
		})
	}
}
