package client_test

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tuttisync/tutti"
	"github.com/tuttisync/tutti/client"
	"github.com/tuttisync/tutti/protocol"
	"github.com/tuttisync/tutti/store/memory"
	"github.com/tuttisync/tutti/text"
)

// TestText_taken_into_a_log_that_is_lost sees that an operation ends which the server
// took and has lost, although the client had read nothing of what is lost.
func TestText_taken_into_a_log_that_is_lost(t *testing.T) {
	bubble(t, "DOC-18", func(t *testing.T) {
		before := memory.New()
		srv, n := inMemory(t, tutti.Config{Dev: true, Store: before})
		backup := before.Clone()
		link := newPausable()
		link.RoundTripper = &http.Transport{DialContext: n.dial}
		c := dial(t, "http://localhost", client.Options{Roads: []string{"sse"}, HTTPClient: &http.Client{Transport: link}})
		w := client.OpenText(c, "text:a", client.DocumentOptions{})
		ready(t, w.Document)
		shown := mirror(t, w)
		m := w.Insert(0, "lost")
		synctest.Wait()
		if _, at, err := srv.Document(t.Context(), "text:a"); err != nil || at.Offset != 1 || m.Status() != client.MutationSent {
			t.Fatalf("the server is at %v, %v; the mutation is %s", at, err, m.Status())
		}
		srv = n.serveAnew(t, tutti.Config{Dev: true, Store: backup})
		if _, err := srv.Edit(t.Context(), "text:a", text.Insert(0, "other")); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute) // it is connected again
		link.pass(9)
		time.Sleep(time.Minute)
		rejected(t, m, protocol.PositionLost)
		confirmed(t, w.Insert(5, " work"))
		synctest.Wait()
		if w.Value() != "other work" || *shown != w.Value() {
			t.Errorf("it shows %q, told as %q", w.Value(), *shown)
		}
	})
}

// TestText_what_a_lost_log_held_and_an_operation_deleted sees that the operation is
// not sent in its old words where it says nothing any more, though the log that came
// in the place of the lost one is as long.
func TestText_what_a_lost_log_held_and_an_operation_deleted(t *testing.T) {
	bubble(t, "DOC-19", func(t *testing.T) {
		srv, n := inMemory(t, tutti.Config{Dev: true})
		if _, err := srv.Edit(t.Context(), "text:a", text.Insert(0, "abc")); err != nil {
			t.Fatal(err)
		}
		w := client.OpenText(n.connect(t, client.Options{}), "text:a", client.DocumentOptions{})
		ready(t, w.Document)
		srv = n.serveAnew(t, tutti.Config{Dev: true, Store: memory.New()})
		if _, err := srv.Edit(t.Context(), "text:a", text.Insert(0, "xyz")); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		m := w.Delete(0, 3)
		time.Sleep(time.Minute)
		confirmed(t, m)
		if w.Value() != "xyz" {
			t.Errorf("it shows %q", w.Value())
		}
	})
}

// TestSet_what_is_removed_by_one_who_was_away_past_the_kept_log is gone, though the
// server was restarted since.
func TestSet_what_is_removed_by_one_who_was_away_past_the_kept_log(t *testing.T) {
	bubble(t, "DOC-11", func(t *testing.T) {
		log := memory.New()
		srv, n := inMemory(t, tutti.Config{Dev: true, Store: log})
		add := func(value string) {
			t.Helper()
			if _, err := srv.Edit(t.Context(), "set:a", map[string]any{"op": "add", "values": []string{value}}); err != nil {
				t.Fatal(err)
			}
		}
		add("a")
		s := client.OpenSet[string](n.connect(t, client.Options{}), "set:a", client.DocumentOptions{})
		ready(t, s.Document)
		n.set(refuse, "/v1/ws", "/v1/sse", "/v1/poll")
		log = log.Restart("")
		srv = n.serveAnew(t, tutti.Config{Dev: true, Store: log})
		add("b")
		add("c")
		if err := srv.Truncate(t.Context(), "set:a", 3); err != nil {
			t.Fatal(err)
		}
		n.serveAnew(t, tutti.Config{Dev: true, Store: log.Restart("")})
		synctest.Wait()
		m := s.Remove("a")
		n.set("", "/v1/ws", "/v1/sse", "/v1/poll")
		time.Sleep(time.Minute)
		confirmed(t, m.Mutation)
		if got := s.Values(); len(got) != 2 || s.Has("a") {
			t.Errorf("it has %q", got)
		}
	})
}
