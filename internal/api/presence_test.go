package api

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/tuttisync/tutti/internal/hub"
	"github.com/tuttisync/tutti/protocol"
)

func TestPresence_PRES_17_a_member_of_plain_http(t *testing.T) {
	s := serve(t)
	beat := func(body string) heartbeat {
		t.Helper()
		r := s.request("POST", "/v1/topics/open:a/presence", body)
		var h heartbeat
		must(t, json.NewDecoder(r.Body).Decode(&h))
		return h
	}
	told := beat(`{"client":"my-own-secret","state":{"x":1}}`)
	if told.Lease != 30_000 || told.Heartbeat != 25_000 || told.Client != protocol.ClientID("", "my-own-secret") {
		t.Errorf("PRES-17: %+v", told)
	}
	beat(`{"client":"my-own-secret"}`)
	beat(`{"client":"another-one"}`)
	a := func() hub.Attendance {
		t.Helper()
		var a hub.Attendance
		must(t, json.NewDecoder(s.request("GET", "/v1/topics/open:a/presence?limit=1", "").Body).Decode(&a))
		return a
	}
	if a := a(); a.Count != 2 || len(a.Members) != 1 || string(a.Members[0].State) != `{"x":1}` || a.Next != told.Client {
		t.Errorf("PRES-16: %+v", a)
	}
	beat(`{"client":"my-own-secret","leave":true}`)
	if a := a(); a.Count != 1 || a.Members[0].Client != protocol.ClientID("", "another-one") {
		t.Errorf("PRES-16: after a leave %+v", a)
	}
}

func TestPresence_PRES_18_a_stream_tells_who_is_there(t *testing.T) {
	s := serve(t)
	enter := func(client, state string) {
		t.Helper()
		s.request("POST", "/v1/topics/open:a/presence", fmt.Sprintf(`{"client":%q,"state":%s}`, client, state))
	}
	enter("the-first-one", "1")
	list, diff := s.listen("topic=open:a&presence=list"), s.listen("topic=open:a&presence=diff")
	list.block() // the id
	diff.block()
	data := func(l *stream, v any) {
		t.Helper()
		name, text, _ := strings.Cut(l.block(), "\n")
		if name != "event: tutti:presence" {
			t.Fatalf("PRES-18: %s %s", name, text)
		}
		must(t, json.Unmarshal([]byte(strings.TrimPrefix(text, "data: ")), v))
	}
	var whole hub.Attendance
	data(list, &whole)
	if whole.Count != 1 || len(whole.Members) != 1 {
		t.Errorf("PRES-18: %+v", whole)
	}
	var first protocol.Watching
	data(diff, &first)
	enter("the-second-one", "2")
	data(list, &whole)
	if whole.Count != 2 || len(whole.Members) != 2 || string(whole.Members[1].State) != "2" {
		t.Errorf("PRES-18: %+v", whole)
	}
	var p protocol.Presence
	data(diff, &p)
	if p.From != first.Version || len(p.Joins) != 1 || string(p.Joins[0].State) != "2" {
		t.Errorf("PRES-18: %+v", p)
	}
	if r := s.request("GET", "/v1/sse?topic=open:a&presence=some", ""); r.StatusCode != 400 {
		t.Errorf("PRES-18: %d", r.StatusCode)
	}
}
