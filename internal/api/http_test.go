package api

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tuttisync/tutti/auth"
	"github.com/tuttisync/tutti/internal/clientjs"
	"github.com/tuttisync/tutti/internal/hub"
	"github.com/tuttisync/tutti/protocol"
)

// body reads an answer's JSON.
func body[T any](t *testing.T, r *http.Response) T {
	t.Helper()
	var v T
	if got := r.Header.Get("Content-Type"); got != "application/json" {
		t.Errorf("Content-Type %q", got)
	}
	must(t, json.NewDecoder(r.Body).Decode(&v))
	return v
}

type page struct {
	Topic   string
	First   uint64
	Head    protocol.Position
	Entries []protocol.Entry
	ID      *uint64
}

func TestPublish(t *testing.T) {
	t.Run("HTTP-1/created", func(t *testing.T) {
		s := serve(t)
		token := s.token(0, grant("chat:*", auth.Publish, auth.History))
		r := s.request("POST", "/v1/topics/chat:room/events", `{"name":"note","data": {"a" : [1, 2.0]}, "more":1}`, bearer(token)...)
		if r.StatusCode != http.StatusCreated {
			t.Fatalf("status %d: %v", r.StatusCode, failure(t, r))
		}
		if p := body[published](t, r); p != (published{"chat:room", 1, s.log.Term()}) {
			t.Errorf("got %+v", p)
		}
		r = s.request("GET", "/v1/topics/chat:room/events", "", bearer(token)...)
		raw, err := io.ReadAll(r.Body)
		must(t, err)
		if !strings.Contains(string(raw), `"data":{"a" : [1, 2.0]}`) {
			t.Errorf("ENTRY-1: it was not kept byte for byte: %s", raw)
		}
		var p page
		must(t, json.Unmarshal(raw, &p))
		e := p.Entries[0]
		if e.Offset != 1 || e.Name != "note" || e.Term != s.log.Term() || e.Time == 0 || e.Client != "" ||
			*e.Author != (protocol.Author{Sub: "alice", Name: "Alice"}) || p.ID != nil {
			t.Errorf("got %s", raw)
		}
	})
	t.Run("HTTP-1/topics_of_any_name", func(t *testing.T) {
		s := serve(t)
		for _, topic := range []string{"open:a/b", "open:é ü", "open:..", "open:%2F", "open:a?b#c", "open:a//b", "open:+&=", "open:\u2028", "open:" + strings.Repeat("x", 250)} {
			r := s.request("POST", "/v1/topics/"+url.PathEscape(topic)+"/events", `{"data":1}`)
			if r.StatusCode != http.StatusCreated {
				t.Errorf("%q: status %d: %v", topic, r.StatusCode, failure(t, r))
				continue
			}
			if p := body[published](t, r); p.Topic != topic {
				t.Errorf("%q was published to %q", topic, p.Topic)
			}
		}
	})
	for _, c := range []struct {
		name, topic, body string
		code              protocol.Code
	}{
		{"ENTRY-1/empty_body", "open:a", ``, protocol.BadMessage},
		{"ENTRY-1/no_json", "open:a", `{"data":`, protocol.BadMessage},
		{"ENTRY-1/two_values", "open:a", `{"data":1}{"data":2}`, protocol.BadMessage},
		{"ENTRY-1/no_object", "open:a", `[1]`, protocol.BadMessage},
		{"ENTRY-1/no_data", "open:a", `{"name":"x"}`, protocol.BadMessage},
		{"ENTRY-1/duplicate_names", "open:a", `{"data":{"a":1,"a":1}}`, protocol.BadMessage},
		{"ENTRY-1/duplicate_members", "open:a", `{"data":1,"data":2}`, protocol.BadMessage},
		{"ENTRY-1/lone_surrogate", "open:a", `{"data":"\ud800"}`, protocol.BadMessage},
		{"ENTRY-1/not_utf8", "open:a", "{\"data\":\"\xff\"}", protocol.BadMessage},
		{"ENTRY-1/name_of_the_wrong_shape", "open:a", `{"name":7,"data":1}`, protocol.BadMessage},
		{"ENTRY-2/too_large", "open:a", `{"data":"` + strings.Repeat("x", 64<<10) + `"}`, protocol.TooLarge},
		{"ENTRY-2/body_too_large", "open:a", `{"data":"` + strings.Repeat("x", 300<<10) + `"}`, protocol.TooLarge},
		{"ENTRY-2/too_deep", "open:a", `{"data":` + strings.Repeat("[", 65) + strings.Repeat("]", 65) + `}`, protocol.TooDeep},
		{"ENTRY-2/far_too_deep", "open:a", `{"data":` + strings.Repeat("[", 60_000), protocol.BadMessage},
		{"ENTRY-3/reserved_name", "open:a", `{"name":"tutti:reset","data":1}`, protocol.BadName},
		{"ENTRY-3/bad_name", "open:a", `{"name":"a b","data":1}`, protocol.BadName},
		{"TOPIC-1/too_long", "open:" + strings.Repeat("x", 251), `{"data":1}`, protocol.BadTopic},
		{"TOPIC-1/control_character", "open:%0A", `{"data":1}`, protocol.BadTopic},
		{"TOPIC-1/not_utf8", "open:%FF", `{"data":1}`, protocol.BadTopic},
		{"TOPIC-2/unknown_namespace", "nowhere:a", `{"data":1}`, protocol.UnknownNamespace},
		{"TOPIC-2/default_namespace", "a", `{"data":1}`, protocol.UnknownNamespace},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := serve(t)
			if got := failure(t, s.request("POST", "/v1/topics/"+c.topic+"/events", c.body)); got.Code != c.code {
				t.Errorf("got %v, want %s", got, c.code)
			}
			if names, err := s.log.Topics(t.Context(), "", "", 1); len(names) > 0 || err != nil {
				t.Errorf("something was written: %q, %v", names, err)
			}
		})
	}
}

func TestPublish_KEY_1(t *testing.T) {
	s := serve(t)
	post := func(key, body, token string) *http.Response {
		return s.request("POST", "/v1/topics/open:a/events", body, append(bearer(token), "Idempotency-Key", key)...)
	}
	alice := s.token(0, grant("elsewhere:*", auth.Read))
	for range 3 {
		if r := post("k", `{"data":1}`, alice); r.StatusCode != http.StatusCreated || body[published](t, r).Offset != 1 {
			t.Errorf("status %d", r.StatusCode)
		}
	}
	if got := failure(t, post("k", `{"data":2}`, alice)); got.Code != protocol.IdempotencyConflict {
		t.Errorf("another body: %v", got)
	}
	if got := failure(t, post("k", `{"name":"x","data":1}`, alice)); got.Code != protocol.IdempotencyConflict {
		t.Errorf("another name: %v", got)
	}
	if r := post("k", `{"data":1}`, ""); body[published](t, r).Offset != 2 {
		t.Error("another user's key is the same")
	}
	if r := post("l", `{"data":1}`, alice); body[published](t, r).Offset != 3 {
		t.Error("another key is the same")
	}
	s.ahead.Add(int64(25 * time.Hour))
	if r := post("k", `{"data":2}`, alice); body[published](t, r).Offset != 4 {
		t.Error("after a day the key is not free")
	}
	for name, header := range map[string][]string{
		"empty":    {"Idempotency-Key", ""},
		"a_space":  {"Idempotency-Key", "a b"},
		"too_long": {"Idempotency-Key", strings.Repeat("k", 256)},
		"twice":    {"Idempotency-Key", "a", "Idempotency-Key", "b"},
		"no_ascii": {"Idempotency-Key", "é"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := failure(t, s.request("POST", "/v1/topics/open:a/events", `{"data":1}`, header...)); got.Code != protocol.BadMessage {
				t.Errorf("got %v", got)
			}
		})
	}
	if r := post(strings.Repeat("k", 255), `{"data":1}`, ""); r.StatusCode != http.StatusCreated {
		t.Errorf("a key of 255 characters: status %d", r.StatusCode)
	}
}

func TestHistory_HTTP_2(t *testing.T) {
	s := serve(t)
	for i := range 120 {
		s.tell("open:a", "", fmt.Sprint(i+1))
	}
	for _, c := range []struct {
		query       string
		first, last uint64
		code        protocol.Code
	}{
		{"", 21, 120, ""},
		{"?limit=2", 119, 120, ""},
		{"?after=0&limit=3", 1, 3, ""},
		{"?before=10&limit=3", 7, 9, ""},
		{"?limit=0", 0, 0, protocol.BadMessage},
		{"?limit=x", 0, 0, protocol.BadMessage},
		{"?limit=1001", 0, 0, protocol.LimitExceeded},
		{"?after=-1", 0, 0, protocol.BadMessage},
		{"?after=1e3", 0, 0, protocol.BadMessage},
		{"?after=9007199254740992", 0, 0, protocol.BadMessage},
		{"?after=1&before=3", 0, 0, protocol.BadMessage},
	} {
		t.Run("HTTP-2/"+c.query, func(t *testing.T) {
			r := s.request("GET", "/v1/topics/open:a/events"+c.query, "")
			if got := failure(t, r); got.Code != c.code {
				t.Fatalf("got %v, want %q", got, c.code)
			}
			if c.code != "" {
				return
			}
			p := body[page](t, r)
			n := len(p.Entries)
			if p.Topic != "open:a" || p.First != 1 || p.Head != (protocol.Position{Offset: 120, Term: s.log.Term()}) ||
				n == 0 || p.Entries[0].Offset != c.first || p.Entries[n-1].Offset != c.last || n != int(c.last-c.first+1) {
				t.Errorf("got %+v", p)
			}
		})
	}
}

func TestTopics_HTTP_3(t *testing.T) {
	s := serve(t)
	for _, topic := range []string{"open:b", "open:a", "chat:x"} {
		s.tell(topic, "", `1`)
	}
	admin := bearer(s.token(0, grant("*", auth.Admin)))
	for query, want := range map[string]string{
		"":                           "chat:x open:a open:b",
		"?prefix=open":               "open:a open:b",
		"?prefix=open:&after=open:a": "open:b",
		"?limit=2":                   "chat:x open:a",
		"?prefix=none":               "",
	} {
		got := body[struct{ Topics []hub.TopicInfo }](t, s.request("GET", "/v1/topics"+query, "", admin...))
		var names []string
		for _, info := range got.Topics {
			names = append(names, info.Topic)
		}
		if strings.Join(names, " ") != want || got.Topics == nil {
			t.Errorf("%s: %q, want %q", query, names, want)
		}
	}
}

func TestErrors_HTTP_4(t *testing.T) {
	t.Run("retry_after", func(t *testing.T) {
		s := serve(t, func(set *settings) {
			set.hub.Hooks.Publish = func(context.Context, auth.Identity, *hub.Message) error {
				return protocol.Errorf(protocol.RateLimited, "Slowly.").After(1500 * time.Millisecond)
			}
		})
		r := s.request("POST", "/v1/topics/open:a/events", `{"data":1}`)
		if got := failure(t, r); got.Code != protocol.RateLimited || got.RetryAfter != 1500 || !got.Retryable || r.Header.Get("Retry-After") != "2" {
			t.Errorf("got %+v, Retry-After %q", got, r.Header.Get("Retry-After"))
		}
	})
	t.Run("authenticate", func(t *testing.T) {
		s := serve(t)
		for header, want := range map[string]protocol.Code{
			"Basic YTpi":    protocol.BadToken,
			"Bearer":        protocol.BadToken,
			"Bearer x.y.z":  protocol.BadToken,
			"Bearer \t":     protocol.BadToken,
			"bearer a.b.cc": protocol.BadToken,
		} {
			r := s.request("GET", "/v1/topics/chat:room/events", "", "Authorization", header)
			if got := failure(t, r); got.Code != want || r.Header.Get("WWW-Authenticate") != "Bearer" {
				t.Errorf("%q: %v, WWW-Authenticate %q", header, got, r.Header.Get("WWW-Authenticate"))
			}
		}
	})
	t.Run("AUTH-6/no_token_in_a_URL", func(t *testing.T) {
		s := serve(t)
		token := s.token(0, auth.FullRights()...)
		for _, name := range []string{"token", "access_token", "authorization"} {
			if got := failure(t, s.request("GET", "/v1/topics/chat:room/events?"+name+"="+token, "")); got.Code != protocol.Unauthenticated {
				t.Errorf("%s: %v", name, got)
			}
		}
	})
	for _, c := range []struct {
		method, path string
		code         protocol.Code
		allow        string
	}{
		{"GET", "/v1/nothing", protocol.NotFound, ""},
		{"POST", "/v1/nothing", protocol.NotFound, ""},
		{"GET", "/v1", protocol.NotFound, ""},
		{"GET", "/v1/topics/open:a", protocol.NotFound, ""},
		{"GET", "/v1/topics/open:a/events/1", protocol.MethodNotAllowed, "DELETE"},
		{"PUT", "/v1/topics/open:a/events", protocol.MethodNotAllowed, "GET, POST, DELETE"},
		{"DELETE", "/v1/sse", protocol.MethodNotAllowed, "GET, POST"},
		{"GET", "/v1/commands", protocol.MethodNotAllowed, "POST"},
		{"POST", "/v1/topics", protocol.MethodNotAllowed, "GET"},
		{"OPTIONS", "/v1/topics", protocol.MethodNotAllowed, "GET"},
		{"POST", "/healthz", protocol.MethodNotAllowed, "GET"},
	} {
		for name, change := range map[string]func(*settings){"": func(*settings) {}, "_with_a_site": withSite} {
			t.Run("route/"+c.method+strings.ReplaceAll(c.path, "/", "_")+name, func(t *testing.T) {
				r := serve(t, change).request(c.method, c.path, "")
				if name != "" && c.path == "/v1" {
					return // the site's
				}
				if got := failure(t, r); got.Code != c.code || r.Header.Get("Allow") != c.allow {
					t.Errorf("got %v, Allow %q", got, r.Header.Get("Allow"))
				}
			})
		}
	}
}

func TestHealth_HTTP_5(t *testing.T) {
	s := serve(t)
	for _, path := range []string{"/healthz", "/readyz"} {
		if r := s.request("GET", path, ""); r.StatusCode != http.StatusOK {
			t.Errorf("%s: %d", path, r.StatusCode)
		}
	}
	failure(t, s.request("GET", "/v1/topics/chat:room/events", ""))
	s.tell("open:a", "", `1`)
	r := s.request("GET", "/metrics", "")
	text, err := io.ReadAll(r.Body)
	must(t, err)
	for _, want := range []string{"\ntutti_errors_total{code=\"unauthenticated\"} 1\n", "\ntutti_entries_total 1\n", "\ntutti_connections{road=\"ws\"} 0\n"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("the metrics lack %q", want)
		}
	}
	if got := r.Header.Get("Content-Type"); !strings.HasPrefix(got, "text/plain") {
		t.Errorf("Content-Type %q", got)
	}
	s.hub.Drain()
	if r := s.request("GET", "/healthz", ""); r.StatusCode != http.StatusOK {
		t.Errorf("while it drains /healthz answers %d", r.StatusCode)
	}
	if got := failure(t, s.request("GET", "/readyz", "")); got.Code != protocol.Draining {
		t.Errorf("while it drains /readyz answers %v", got)
	}
	if r := s.request("POST", "/v1/topics/open:a/events", `{"data":1}`); r.StatusCode != http.StatusCreated {
		t.Errorf("while it drains a publish is answered %d", r.StatusCode)
	}
	must(t, s.hub.Close(t.Context()))
	if got := failure(t, s.request("POST", "/v1/topics/open:a/events", `{"data":1}`)); got.Code != protocol.Draining {
		t.Errorf("when it has drained a publish is answered %v", got)
	}
}

func TestModules(t *testing.T) {
	s := serve(t)
	for name, want := range modules() {
		r := s.request("GET", "/v1/"+name, "")
		text, err := io.ReadAll(r.Body)
		must(t, err)
		if got := r.Header.Get("Content-Type"); got != "text/javascript; charset=utf-8" || !bytes.Equal(text, want) {
			t.Errorf("%s: %s: %q", name, got, text)
		}
	}
}

// modules are as many as are served, each another.
func modules() map[string][]byte {
	all := map[string][]byte{}
	for name := range clientjs.Modules {
		all[name] = []byte("export default " + strconv.Quote(name) + "\n")
	}
	return all
}
