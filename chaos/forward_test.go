package chaos

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
)

// Without rules a proxy cannot be told from its target.
func TestForward(t *testing.T) {
	s := newTarget(t)
	p, c := newProxy(t, s, Config{})
	big := strings.Repeat("0123456789abcdef", 200_000)
	for _, r := range []struct{ method, path, body string }{
		{"GET", "/", ""},
		{"POST", "/", "hello"},
		{"POST", "/", big},
		{"POST", "/chunked", big},
		{"POST", "/chunked", ""},
		{"HEAD", "/", ""},
		{"GET", "/none", ""},
		{"PUT", "/", "after one without a body"},
	} {
		resp, text, err := request1(t, c, r.method, "http://"+p.Addr()+r.path, r.body)
		if err != nil || text != r.body {
			t.Fatalf("%s %s: %d bytes, %v; %d were sent", r.method, r.path, len(text), err, len(r.body))
		}
		if resp.Header.Get("From") != "target" && r.path != "/none" {
			t.Errorf("%s %s: the header is lost", r.method, r.path)
		}
	}
	// A body whose length is not told goes in chunks.
	resp, err := c.Post("http://"+p.Addr()+"/chunked", "text/plain", io.MultiReader(strings.NewReader(big), strings.NewReader("end")))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if text, err := io.ReadAll(resp.Body); err != nil || string(text) != big+"end" {
		t.Errorf("%d bytes, %v", len(text), err)
	}
	st := p.Stats()
	if st.Connections.Accepted != 1 || st.Requests[Other] != 9 || st.Bytes.Up < int64(3*len(big)) {
		t.Errorf("counts are %+v", st)
	}
}

// Requests that do not wait for answers are answered in their order, and one
// that is not HTTP is the target's to judge.
func TestForward_pipelined(t *testing.T) {
	s := newTarget(t)
	p, _ := newProxy(t, s, Config{})
	w := dialWire(t, p)
	for i := range 40 {
		w.send(fmt.Sprintf("POST /%d HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", i, i, strings.Repeat("x", i)))
	}
	w.send("?\r\n\r\n")
	for i := range 40 {
		head := w.head()
		if !strings.Contains(head, fmt.Sprintf("Content-Length: %d\r\n", i)) {
			t.Fatalf("answer %d begins with %q", i, head)
		}
		w.expect(strings.Repeat("x", i))
	}
	if rest, err := w.rest(); err != nil || !strings.HasPrefix(rest, "HTTP/1.1 400 ") {
		t.Errorf("in the end: %q, %v", rest, err)
	}
}

func TestForward_byte_by_byte(t *testing.T) {
	s := newTarget(t)
	p, _ := newProxy(t, s, Config{})
	w := dialWire(t, p)
	for range 2 {
		for _, b := range []byte("POST /chunked HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n6\r\n world\r\n0\r\nEnd: 1\r\n\r\n") {
			w.send(string(b))
		}
		w.head()
		w.expect("b\r\nhello world\r\n0\r\n\r\n")
	}
	if got := p.Stats().Requests[Other]; got != 2 {
		t.Errorf("%d requests were seen", got)
	}
}

func TestForward_continue(t *testing.T) {
	s := newTarget(t)
	p, _ := newProxy(t, s, Config{})
	w := dialWire(t, p)
	w.send("POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
	w.expect("HTTP/1.1 100 Continue\r\n\r\n")
	w.send("hi")
	if head := w.head(); !strings.HasPrefix(head, "HTTP/1.1 200 OK\r\n") {
		t.Fatalf("%q", head)
	}
	w.expect("hi")
}

func TestForward_socket(t *testing.T) {
	s := newTarget(t)
	p, _ := newProxy(t, s, Config{})
	c, _, err := dialSocket(t, p)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"a", strings.Repeat("b", 32<<10-1), ""} {
		if err := echo(t, c, text); err != nil {
			t.Fatal(err)
		}
	}
	if st := p.Stats(); st.Requests[WS] != 1 || st.Open[WS] != 1 {
		t.Errorf("counts are %+v", st)
	}
	if err := c.Close(4000, "enough"); err != nil {
		t.Error(err)
	}
	until(t, p, "the connection is gone", func(s Stats) bool { return s.Connections.Open == 0 && s.Open[WS] == 0 })
}

// A client that leaves is seen to leave, and so is a target.
func TestForward_ends(t *testing.T) {
	s := newTarget(t)
	p, _ := newProxy(t, s, Config{})
	w := dialWire(t, p)
	w.send("GET /v1/sse HTTP/1.1\r\nHost: x\r\n\r\n")
	w.head()
	w.Close()
	if got := take(t, s.gone); got != "/v1/sse" {
		t.Errorf("%q is gone", got)
	}

	w = dialWire(t, p)
	w.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	w.head()
	s.CloseClientConnections()
	if rest, err := w.rest(); rest != "" || (err != nil && !wasReset(err)) {
		t.Errorf("an idle connection ends with %q, %v", rest, err)
	}
}

func TestForward_nobody_there(t *testing.T) {
	s := newTarget(t)
	p, c := newProxy(t, s, Config{})
	s.Close()
	resp, text, err := request1(t, c, "POST", "http://"+p.Addr()+"/", strings.Repeat("x", 1<<20))
	if err != nil || resp.StatusCode != http.StatusBadGateway || !strings.Contains(text, "reach the target") {
		t.Errorf("%v, %q, %v", resp, text, err)
	}
}

func TestForward_many(t *testing.T) {
	s := newTarget(t)
	p, c := newProxy(t, s, Config{})
	var all sync.WaitGroup
	for i := range 50 {
		all.Go(func() {
			body := strings.Repeat("x", i)
			if _, text, err := request1(t, c, "POST", "http://"+p.Addr()+"/", body); err != nil || text != body {
				t.Errorf("%q, %v", text, err)
			}
		})
	}
	all.Wait()
}

func TestMaxConnections(t *testing.T) {
	s := newTarget(t)
	p, _ := newProxy(t, s, Config{MaxConnections: 1})
	first, second := dialWire(t, p), dialWire(t, p)
	if rest, err := second.rest(); rest != "" || err != nil {
		t.Errorf("the second: %q, %v", rest, err)
	}
	first.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	first.head()
	if st := p.Stats(); st.Connections != (Connections{Accepted: 1, TurnedAway: 1, Open: 1}) {
		t.Errorf("counts are %+v", st)
	}
}

func TestRoads(t *testing.T) {
	const upgrade = "Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n"
	for _, c := range []struct {
		line, headers string
		want          Road
	}{
		{"GET /v1/ws", upgrade, WS},
		{"GET /realtime/v1/ws?x=/v1/sse", upgrade, WS},
		{"GET /v1/ws", "", Other},
		{"GET /v1/sse?topic=a", "", SSE},
		{"POST /v1/sse", "", SSE},
		{"PUT /v1/sse", "", Other},
		{"GET /v1/poll", "", Poll},
		{"POST /a/v1/poll", "", Poll},
		{"POST /v1/commands", "", Commands},
		{"GET /v1/commands", "", Other},
		{"GET http://elsewhere/v1/poll", "", Poll},
		{"GET /v1/pollen", "", Other},
	} {
		req, ok := parseRequest([]byte(c.line + " HTTP/1.1\r\nHost: x\r\n" + c.headers + "\r\n"))
		if !ok || req.road != c.want {
			t.Errorf("%s is %q, %v", c.line, req.road, ok)
		}
	}
}
