package api

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tuttisync/tutti/auth"
	"github.com/tuttisync/tutti/internal/hub"
	"github.com/tuttisync/tutti/protocol"
)

func (s *testServer) tell(topic, name, data string) protocol.Position {
	s.t.Helper()
	p, err := s.hub.Publish(context.Background(), hub.Publication{Trusted: true, Topic: topic, Name: name, Data: []byte(data)})
	must(s.t, err)
	return p
}

// stream is an open stream, read block by block.
type stream struct {
	*http.Response
	t     *testing.T
	lines *bufio.Scanner
}

func (s *testServer) listen(query string, header ...string) *stream {
	s.t.Helper()
	r := s.request("GET", "/v1/sse?"+query, "", header...)
	if r.StatusCode != http.StatusOK {
		s.t.Fatalf("status %d: %+v", r.StatusCode, failure(s.t, r))
	}
	return &stream{r, s.t, bufio.NewScanner(r.Body)}
}

// block is the next block's lines, joined; empty at the end of the stream.
func (s *stream) block() string {
	s.t.Helper()
	var lines []string
	for s.lines.Scan() {
		if s.lines.Text() == "" {
			break
		}
		lines = append(lines, s.lines.Text())
	}
	return strings.Join(lines, "\n")
}

func (s *stream) expect(want string) {
	s.t.Helper()
	if got := s.block(); got != want {
		s.t.Fatalf("got the block\n%s\nwant\n%s", got, want)
	}
}

func TestSSE(t *testing.T) {
	s := serve(t)
	term := s.log.Term()
	s.tell("open:a", "tick", `1`)
	s.tell("open:a", "", `{"n":`+"\n"+`2}`)
	s.tell("open:b", "", `"b1"`)

	t.Run("SSE-2/an_id_comes_first", func(t *testing.T) {
		l := s.listen("topic=open:a")
		for name, want := range map[string]string{
			"Content-Type": "text/event-stream", "Cache-Control": "no-cache, no-transform", "X-Accel-Buffering": "no",
		} {
			if got := l.Header.Get(name); got != want {
				t.Errorf("%s: %q", name, got)
			}
		}
		l.expect("retry: 2000\nid: 2." + term)
	})
	t.Run("SSE-1/events", func(t *testing.T) {
		l := s.listen("topic=open:a&from=earliest")
		l.expect("retry: 2000\nid: 0")
		l.expect("id: 1." + term + "\nevent: tick\ndata: 1")
		l.expect("id: 2." + term + "\ndata: {\"n\":\ndata: 2}")
	})
	t.Run("SSE-3/resumes_by_Last-Event-ID", func(t *testing.T) {
		l := s.listen("topic=open:a&cursor=0&last=0", "Last-Event-ID", "1."+term)
		l.expect("retry: 2000\nid: 1." + term)
		l.expect("id: 2." + term + "\ndata: {\"n\":\ndata: 2}")
	})
	t.Run("SSE-3/a_cursor_over_several_topics", func(t *testing.T) {
		l := s.listen("topic=open:a&topic=open:b&from=earliest")
		l.expect("retry: 2000\nid: 0,0")
		cursors := map[string]bool{}
		for range 3 {
			id, _, _ := strings.Cut(l.block(), "\n")
			cursors[id] = true
		}
		if !cursors["id: 2."+term+",1"] || cursors["id: 0,0"] {
			t.Errorf("got %v", cursors)
		}
		l = s.listen("topic=open:a&topic=open:b&cursor=2." + term + ",0")
		l.expect("retry: 2000\nid: 2." + term + ",0")
		l.expect("id: 2." + term + ",1\ndata: \"b1\"")
	})
	t.Run("SSE-3/a_lost_cursor_is_told", func(t *testing.T) {
		l := s.listen("topic=open:a&topic=open:b&cursor=1.BBBBBBBBBBB,1." + term)
		l.expect("retry: 2000\nid: 0,1." + term)
		l.expect("id: 0,1." + term + "\nevent: tutti:reset\ndata: {\"recovered\":false,\"topic\":\"open:a\"}")
		l.expect("id: 1." + term + ",1\nevent: tick\ndata: 1")
	})
	t.Run("SSE-3/a_lost_cursor_else_new", func(t *testing.T) {
		l := s.listen("topic=open:a&else=new&cursor=99." + term)
		l.expect("retry: 2000\nid: 2." + term)
		l.expect("id: 2." + term + "\nevent: tutti:reset\ndata: {\"recovered\":false,\"topic\":\"open:a\"}")
	})
	t.Run("SSE-5/wrap", func(t *testing.T) {
		l := s.listen("topic=open:a&from=earliest&wrap=1")
		l.block()
		id, data, _ := strings.Cut(l.block(), "\n")
		var e struct {
			Topic string
			protocol.Entry
		}
		must(t, json.Unmarshal([]byte(strings.TrimPrefix(data, "data: ")), &e))
		if id != "id: 1."+term || e.Topic != "open:a" || e.Offset != 1 || e.Name != "tick" || string(e.Data) != "1" || e.Time == 0 {
			t.Errorf("got %s\n%s", id, data)
		}
	})
	t.Run("SSE-1/live", func(t *testing.T) {
		l := s.listen("topic=open:live")
		l.expect("retry: 2000\nid: 0")
		for i := 1; i <= 50; i++ {
			s.tell("open:live", "", fmt.Sprint(i))
			l.expect(fmt.Sprintf("id: %d.%s\ndata: %d", i, term, i))
		}
	})
	for _, c := range []struct {
		name, query string
		code        protocol.Code
	}{
		{"SSE-6/no_topic", "", protocol.BadMessage},
		{"SSE-6/bad_topic", "topic=", protocol.BadTopic},
		{"SSE-6/unknown_namespace", "topic=nowhere:a", protocol.UnknownNamespace},
		{"SSE-6/no_right", "topic=open:a&topic=chat:room", protocol.Unauthenticated},
		{"SSE-6/bad_cursor", "topic=open:a&cursor=x", protocol.BadMessage},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := failure(t, s.request("GET", "/v1/sse?"+c.query, "")); got.Code != c.code {
				t.Errorf("got %v", got)
			}
		})
	}
	t.Run("head", func(t *testing.T) {
		r := s.request("HEAD", "/v1/sse?topic=open:a", "")
		if r.StatusCode != http.StatusOK || r.Header.Get("Content-Type") != "text/event-stream" {
			t.Errorf("got %d %v", r.StatusCode, r.Header)
		}
	})
}

// A program's own route: its topics, no rights, the same query.
func TestSSE_own_route(t *testing.T) {
	s := serve(t)
	term := s.tell("chat:room", "", `1`).Term
	own := httptest.NewServer(s.api.Stream([]string{"chat:room"}))
	defer own.Close()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, own.URL+"/any?topic=chat:other&from=earliest", nil)
	must(t, err)
	response, err := own.Client().Do(r)
	must(t, err)
	defer response.Body.Close()
	l := &stream{response, t, bufio.NewScanner(response.Body)}
	l.expect("retry: 2000\nid: 0")
	l.expect("id: 1." + term + "\ndata: 1")

	r, err = http.NewRequestWithContext(ctx, http.MethodGet, own.URL+"/any?last=x", nil)
	must(t, err)
	response, err = own.Client().Do(r)
	must(t, err)
	defer response.Body.Close()
	if e := failure(t, response); e.Code != protocol.BadMessage {
		t.Errorf("got %v", e)
	}
}

// What can pass is told as an end of the stream, not as an error, on which an
// EventSource would give up.
func TestSSE_SSE_6_what_can_pass(t *testing.T) {
	t.Run("draining", func(t *testing.T) {
		s := serve(t)
		l := s.listen("topic=open:a")
		l.block()
		s.hub.Drain()
		l.expect("")
		l = s.listen("topic=open:a")
		l.expect("retry: 2000")
		l.expect("")
	})
	t.Run("a_hook_says_later", func(t *testing.T) {
		s := serve(t, func(set *settings) {
			set.hub.Hooks.Authenticate = func(context.Context, *http.Request) (auth.Identity, error) {
				return auth.Identity{}, protocol.Errorf(protocol.RateLimited, "").After(9 * time.Second)
			}
		})
		l := s.listen("topic=open:a")
		l.expect("retry: 9000")
		l.expect("")
	})
}

// Readers that leave leave nothing behind.
func TestSSE_open_and_close(t *testing.T) {
	total, parallel := 10_000, 50
	if testing.Short() || raceEnabled {
		total = 1000
	}
	s := serve(t)
	s.tell("open:a", "", `1`)
	transport := &http.Transport{MaxIdleConnsPerHost: parallel}
	defer transport.CloseIdleConnections()
	open := func() {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		r, err := http.NewRequestWithContext(ctx, "GET", s.URL+"/v1/sse?topic=open:a&from=earliest", nil)
		if err != nil {
			t.Error(err)
			return
		}
		response, err := transport.RoundTrip(r)
		if err != nil {
			t.Error(err)
			return
		}
		defer response.Body.Close()
		lines := bufio.NewScanner(response.Body)
		for lines.Scan() && lines.Text() != "data: 1" {
		}
	}
	round := func(n int) {
		var wg sync.WaitGroup
		for range parallel {
			wg.Go(func() {
				for range n / parallel {
					open()
				}
			})
		}
		wg.Wait()
		s.awaitStreams(0)
	}
	round(2 * parallel)
	goroutines, memory := runtime.NumGoroutine(), heap()
	round(total)
	transport.CloseIdleConnections()
	if got := heap(); got > memory+4<<20 {
		t.Errorf("after %d streams %d KiB more are held", total, (got-memory)>>10)
	}
	if got := runtime.NumGoroutine(); got > goroutines+parallel {
		t.Errorf("%d goroutines, %d before", got, goroutines)
	}
}

// awaitStreams waits until the server counts n streams.
func (s *testServer) awaitStreams(n int) {
	s.t.Helper()
	want := fmt.Sprintf("\ntutti_streams{road=\"events\"} %d\n", n)
	for {
		body, err := io.ReadAll(s.request("GET", "/metrics", "").Body)
		must(s.t, err)
		if strings.Contains(string(body), want) {
			return
		}
	}
}

func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
