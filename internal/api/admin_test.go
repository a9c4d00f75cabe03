package api

import (
	"context"
	"fmt"
	"net/http"
	"testing"

	"github.com/tuttisync/tutti/auth"
	"github.com/tuttisync/tutti/internal/hub"
	"github.com/tuttisync/tutti/protocol"
)

func TestAdmin(t *testing.T) {
	admin := func(s *testServer, topics string) []string { return bearer(s.token(0, grant(topics, auth.Admin))) }

	t.Run("ADMIN-1/truncate", func(t *testing.T) {
		s := serve(t)
		for i := range 5 {
			s.tell("chat:room", "", fmt.Sprint(i+1))
		}
		got := body[hub.TopicInfo](t, s.request("DELETE", "/v1/topics/chat:room/events?before=4", "", admin(s, "chat:room")...))
		if want := (hub.TopicInfo{Topic: "chat:room", First: 4, Head: protocol.Position{Offset: 5, Term: s.log.Term()}}); got != want {
			t.Errorf("got %+v", got)
		}
		p := body[page](t, s.request("GET", "/v1/topics/chat:room/events", "", admin(s, "chat:*")...))
		if p.First != 4 || len(p.Entries) != 2 || p.Entries[0].Offset != 4 {
			t.Errorf("left is %+v", p)
		}
		for _, query := range []string{"", "?before=", "?before=x", "?before=-1", "?before=9007199254740992", "?after=4"} {
			if got := failure(t, s.request("DELETE", "/v1/topics/chat:room/events"+query, "", admin(s, "chat:room")...)); got.Code != protocol.BadMessage {
				t.Errorf("%q: %v", query, got)
			}
		}
		if p := body[page](t, s.request("GET", "/v1/topics/chat:room/events", "", admin(s, "chat:*")...)); len(p.Entries) != 2 {
			t.Errorf("after bad requests is left %+v", p)
		}
	})
	t.Run("ADMIN-2/redact", func(t *testing.T) {
		s := serve(t)
		s.tell("chat:room", "note", `"secret"`)
		s.tell("chat:room", "", `2`)
		reader := s.listen("topic=chat:room&from=earliest", admin(s, "chat:room")...)
		wrapped := s.listen("topic=chat:room&from=earliest&wrap=1", admin(s, "chat:room")...)
		term := s.log.Term()
		reader.block()
		reader.expect("id: 1." + term + "\nevent: note\ndata: \"secret\"")
		reader.expect("id: 2." + term + "\ndata: 2")
		for range 3 {
			wrapped.block()
		}
		got := body[redacted](t, s.request("DELETE", "/v1/topics/chat:room/events/1", "", admin(s, "chat:room")...))
		if got != (redacted{"chat:room", 1, term, true}) {
			t.Errorf("got %+v", got)
		}
		for _, l := range []*stream{reader, wrapped} {
			l.expect("event: tutti:redacted\ndata: {\"offset\":1,\"topic\":\"chat:room\"}")
		}
		s.tell("chat:room", "", `3`)
		reader.expect("id: 3." + term + "\ndata: 3")
		late := s.listen("topic=chat:room&from=earliest", admin(s, "chat:room")...)
		late.block()
		late.expect("id: 1." + term + "\ndata: null")
		late.expect("id: 2." + term + "\ndata: 2")
		late.expect("id: 3." + term + "\ndata: 3")
		for path, want := range map[string]protocol.Code{
			"chat:room/events/9":    protocol.NotFound,
			"chat:room/events/0":    protocol.NotFound,
			"chat:room/events/x":    protocol.BadMessage,
			"chat:room/events/-1":   protocol.BadMessage,
			"chat:room/events/1/2":  protocol.NotFound,
			"chat:other/events/1":   protocol.NotFound,
			"chat:%0A/events/1":     protocol.BadTopic,
			"nowhere:room/events/1": protocol.UnknownNamespace,
		} {
			if got := failure(t, s.request("DELETE", "/v1/topics/"+path, "", admin(s, "*")...)); got.Code != want {
				t.Errorf("%s: %v, want %s", path, got, want)
			}
		}
	})
	t.Run("ADMIN-3/disconnect", func(t *testing.T) {
		s := serve(t)
		w := s.connect(s.token(0, grant("chat:*", auth.Read)))
		l := s.listen("topic=chat:room", bearer(s.token(0, grant("chat:*", auth.Read)))...)
		l.block()
		got := body[map[string]int](t, s.request("POST", "/v1/disconnect", `{"sub":"alice"}`, admin(s, "*")...))
		if got["connections"] != 2 {
			t.Errorf("got %v", got)
		}
		if code, status := w.end(); code != protocol.Forbidden || status != 4205 {
			t.Errorf("ended with %s, %d", code, status)
		}
		if rest := l.block(); rest != "" {
			t.Errorf("the stream said %q", rest)
		}
		for _, body := range []string{``, `{}`, `{"sub":"a","client":"b"}`, `{"sub":""}`, `{"sub":7}`, `[]`, `{"sub":"a"`, `{"sub":"a","return":"yes"}`} {
			if got := failure(t, s.request("POST", "/v1/disconnect", body, admin(s, "*")...)); got.Code != protocol.BadMessage {
				t.Errorf("%s: %v", body, got)
			}
		}
	})
	// An admin of one topic is none of another, nor of the server.
	t.Run("AUTH-2/admin_of_one_topic", func(t *testing.T) {
		s := serve(t)
		s.tell("chat:room", "", `1`)
		s.tell("chat:other", "", `1`)
		for _, c := range []struct {
			method, path, body string
			status             int
		}{
			{"DELETE", "/v1/topics/chat:room/events?before=1", "", http.StatusOK},
			{"DELETE", "/v1/topics/chat:room/events/1", "", http.StatusOK},
			{"DELETE", "/v1/topics/chat:other/events?before=1", "", http.StatusForbidden},
			{"DELETE", "/v1/topics/chat:other/events/1", "", http.StatusForbidden},
			{"POST", "/v1/disconnect", `{"sub":"bob"}`, http.StatusForbidden},
		} {
			if r := s.request(c.method, c.path, c.body, admin(s, "chat:room")...); r.StatusCode != c.status {
				t.Errorf("%s %s: %d, want %d", c.method, c.path, r.StatusCode, c.status)
			}
		}
	})
	t.Run("ADMIN-1/while_it_drains", func(t *testing.T) {
		s := serve(t)
		s.tell("chat:room", "", `1`)
		s.hub.Drain()
		if r := s.request("DELETE", "/v1/topics/chat:room/events?before=2", "", admin(s, "*")...); r.StatusCode != http.StatusOK {
			t.Errorf("until the last connection has gone it is answered %d", r.StatusCode)
		}
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		must(t, s.hub.Close(ctx))
		if got := failure(t, s.request("DELETE", "/v1/topics/chat:room/events?before=4", "", admin(s, "*")...)); got.Code != protocol.Draining {
			t.Errorf("got %v", got)
		}
	})
}
