package client_test

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tuttisync/tutti"
	"github.com/tuttisync/tutti/client"
	"github.com/tuttisync/tutti/client/core"
	"github.com/tuttisync/tutti/protocol"
)

func TestPortal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, n := inMemory(t, tutti.Config{Dev: true})
		n.set(portal, "/v1/ws", "/v1/sse", "/v1/poll", "/v1/commands")
		c := n.connect(t, client.Options{})
		p := c.Topic("t").Enqueue(1, client.PublishOptions{})
		time.Sleep(10 * time.Minute)
		s := awaitState(t, c, core.Backoff)
		wantCode(t, s.Err, protocol.Disconnected)
		for _, path := range []string{"/v1/ws", "/v1/sse", "/v1/poll"} {
			if count := n.count(path); count < 5 || count > 100 {
				t.Errorf("CONN-11: %d requests for %s in ten minutes", count, path)
			}
		}
		n.set("", "/v1/ws", "/v1/sse", "/v1/poll", "/v1/commands")
		if _, err := p.Result(); err != nil {
			t.Errorf("behind the portal: %v", err)
		}
	})
}

// TestWord: an error of the table in answer to the first request is a word of
// the server on every road.
func TestWord(t *testing.T) {
	all := []string{core.RoadWS, core.RoadSSE, core.RoadPoll}
	for i, road := range all {
		roads := slices.Concat(all[i:], all[:i])
		for _, err := range []*protocol.Error{
			protocol.Errorf(protocol.OriginForbidden, "Not from there."),
			protocol.Errorf(protocol.Overloaded, "Full.").After(time.Minute),
		} {
			t.Run(fmt.Sprintf("CONN-11_%s_%s", road, err.Code), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					var requests atomic.Int64
					n := newNetwork(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
						requests.Add(1)
						w.Header().Set("Content-Type", "application/json")
						w.WriteHeader(err.Kind().Status)
						fmt.Fprintf(w, `{"error":{"code":%q,"message":%q,"retryable":%v,"retryAfter":%d}}`, err.Code, err.Message, err.Retryable, err.RetryAfter)
					}))
					c := n.connect(t, client.Options{Roads: roads})
					state := core.Parked
					if err.Retryable {
						state = core.Backoff
					}
					s := awaitState(t, c, state)
					wantCode(t, s.Err, err.Code)
					if !strings.Contains(s.Err.Error(), err.Message) {
						t.Errorf("the reason is %v", s.Err)
					}
					time.Sleep(50 * time.Second)
					if requests.Load() != 1 {
						t.Errorf("LIVE-3: %d requests", requests.Load())
					}
				})
			})
		}
	}
}

// TestUnansweredPost: commands get no answer while the stream lives.
func TestUnansweredPost(t *testing.T) {
	overHTTP(t, func(t *testing.T, road string) {
		_, n := inMemory(t, tutti.Config{Dev: true})
		c := n.connect(t, client.Options{Roads: []string{road}})
		entries := gather(t, c.Topic("t"), protocol.FromNew())
		n.set(hold, "/v1/commands")
		began := time.Now()
		all := []*client.Pending{c.Topic("t").Enqueue(0, client.PublishOptions{}), c.Topic("t").Enqueue(1, client.PublishOptions{})}
		awaitRoad(t, c, road)
		late := time.After(long)
		changes := make(chan client.Status, 100)
		defer c.OnStatus(func(s client.Status) { changes <- s })()
		select {
		case s := <-changes:
			if took := time.Since(began); s.State != core.Backoff || took != 30*time.Second {
				t.Errorf("CONN-13: after %v the client is %+v", took, s)
			}
		case <-late:
			t.Fatal("CONN-13: a POST without an answer is waited for")
		}
		if got := n.count("/v1/commands"); got != 1 {
			t.Errorf("CONN-13: %d POSTs were in flight", got)
		}
		n.set("", "/v1/commands")
		for i, e := range receive(t, entries, 2) {
			if ack, err := all[i].Result(); err != nil || ack.Offset != e.Offset || string(e.Data) != fmt.Sprint(i) {
				t.Errorf("publish %d: %+v, %v; read %+v", i, ack, err, e)
			}
		}
	})
}

// TestHostileAnswers: what no server should answer ends the connection, and
// costs no more than ReadLimit.
func TestHostileAnswers(t *testing.T) {
	endless := func(w http.ResponseWriter, begin, more string) {
		_, err := io.WriteString(w, begin)
		for sent := 0; err == nil; sent += len(more) {
			if sent > 10<<20 {
				panic("nobody stops this answer")
			}
			_, err = io.WriteString(w, more)
		}
	}
	more := strings.Repeat(" ", 1<<10)
	for name, answer := range map[string]func(http.ResponseWriter){
		"nothing":           func(http.ResponseWriter) {},
		"no_messages":       func(w http.ResponseWriter) { io.WriteString(w, "[]") },
		"no_JSON":           func(w http.ResponseWriter) { io.WriteString(w, "data: hello\n\n") },
		"endless_array":     func(w http.ResponseWriter) { endless(w, "[", more) },
		"endless_line":      func(w http.ResponseWriter) { endless(w, "data: [", more) },
		"endless_event":     func(w http.ResponseWriter) { endless(w, "", "data: 1\n") },
		"entry_out_of_turn": func(w http.ResponseWriter) { io.WriteString(w, `data: {"type":"entry"}`+"\n\n") },
	} {
		t.Run(name, func(t *testing.T) {
			overHTTP(t, func(t *testing.T, road string) {
				n := newNetwork(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					w.Header().Set("Content-Type", map[string]string{core.RoadSSE: "text/event-stream", core.RoadPoll: "application/json"}[road])
					answer(w)
				}))
				c := n.connect(t, client.Options{Roads: []string{road}, ReadLimit: 64 << 10})
				wantCode(t, awaitState(t, c, core.Backoff).Err, protocol.Disconnected)
			})
		})
	}
}

// TestRedirect: what a redirect asks for again, token and secret, goes nowhere
// else.
func TestRedirect(t *testing.T) {
	overHTTP(t, func(t *testing.T, road string) {
		n := newNetwork(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.HasPrefix(r.URL.Path, "/v1/") {
				http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
			}
		}))
		c := n.connect(t, client.Options{Roads: []string{road}, StaticToken: "secret"})
		wantCode(t, awaitState(t, c, core.Backoff).Err, protocol.Disconnected)
		if n.count("/elsewhere") > 0 {
			t.Error("a redirect was followed")
		}
	})
}
