package api

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/tuttisync/tutti/auth"
	"github.com/tuttisync/tutti/protocol"
)

// posted is an answer that is read message by message.
type posted struct {
	*http.Response
	t      *testing.T
	events *stream // of POST /v1/sse
	items  []said  // what is left of another's array
}

// posted says a body to a road.
func (s *testServer) posted(path, body string, header ...string) *posted {
	s.t.Helper()
	p := &posted{Response: s.request("POST", path, body, header...), t: s.t}
	if p.StatusCode != http.StatusOK {
		return p
	}
	if strings.HasPrefix(p.Header.Get("Content-Type"), "text/event-stream") {
		p.events = &stream{p.Response, s.t, bufio.NewScanner(p.Body)}
		return p
	}
	answer, err := io.ReadAll(p.Body)
	must(s.t, err)
	if err := json.Unmarshal(answer, &p.items); err != nil {
		s.t.Fatalf("%s answers %q: %v", path, answer, err)
	}
	return p
}

// hear is the next message; false at the end.
func (p *posted) hear() (said, bool) {
	p.t.Helper()
	if p.events == nil {
		if len(p.items) == 0 {
			return said{}, false
		}
		m := p.items[0]
		p.items = p.items[1:]
		return m, true
	}
	block := p.events.block()
	if block == "" {
		return said{}, false
	}
	var data []string
	for line := range strings.SplitSeq(block, "\n") {
		field, ok := strings.CutPrefix(line, "data: ")
		if !ok {
			p.t.Fatalf("the stream has the line %q", line)
		}
		data = append(data, field)
	}
	var m said
	must(p.t, json.Unmarshal([]byte(strings.Join(data, "\n")), &m))
	return m, true
}

// types hears n messages and returns what they are.
func (p *posted) types(n int) string {
	p.t.Helper()
	var types []string
	for range n {
		m, ok := p.hear()
		if !ok {
			break
		}
		types = append(types, m.Type)
	}
	return strings.Join(types, " ")
}

// firstCode is the error of the answer or of one of its first n messages.
func firstCode(p *posted, n int) protocol.Code {
	p.t.Helper()
	if p.StatusCode != http.StatusOK {
		return failure(p.t, p.Response).Code
	}
	for range n {
		if m, ok := p.hear(); ok && m.code() != "" {
			return m.code()
		}
	}
	return ""
}

func hello(secret protocol.Secret, run int, topics string) string {
	return fmt.Sprintf(`{"type":"hello","clients":[{"secret":%q,"run":%d}],"topics":[%s]}`, secret, run, topics)
}

func TestRoads_ROAD_2_a_stream_of_messages(t *testing.T) {
	s := serve(t)
	s.tell("open:a", "", "1")
	s.tell("open:a", "", "{\n \"lines\": 2}")
	p := s.posted("/v1/sse", hello(newSecret(t), 1, `{"topic":"open:a","from":"earliest"},{"topic":"none:b"}`))
	if got := p.types(3); got != "welcome subscribed unsubscribed" {
		t.Fatalf("the stream begins with %s", got)
	}
	for _, want := range []string{"1", "{\n \"lines\": 2}"} {
		if m, _ := p.hear(); m.Type != "entry" || string(m.Data) != want {
			t.Errorf("heard %+v, want data %s", m, want)
		}
	}
	s.tell("open:a", "", "3")
	if m, _ := p.hear(); m.Offset != 3 {
		t.Errorf("heard %+v live", m)
	}
	go s.hub.Drain()
	if m, _ := p.hear(); m.Type != "close" || m.code() != protocol.Draining {
		t.Errorf("the drain is told by %+v", m)
	}
	if m, more := p.hear(); more {
		t.Errorf("after close comes %+v", m)
	}
}

func TestRoads_ROAD_3_polls(t *testing.T) {
	s := serve(t)
	secret := newSecret(t)
	at := s.tell("open:a", "", "1")
	poll := func(wait, from string) *posted {
		return s.posted("/v1/poll?wait="+wait, hello(secret, 1, `{"topic":"open:a","from":`+from+`}`))
	}
	position := fmt.Sprintf(`{"offset":1,"term":%q}`, at.Term)
	t.Run("at_once", func(t *testing.T) {
		if got := poll("0", `"earliest"`).types(9); got != "welcome subscribed entry" {
			t.Errorf("got %s", got)
		}
		if got := poll("0", position).types(9); got != "welcome subscribed" {
			t.Errorf("got %s", got)
		}
	})
	t.Run("a_lost_place_is_worth_an_answer", func(t *testing.T) {
		p := poll("60000", `{"offset":7,"term":"AAAAAAAAAAA"}`)
		if got := p.types(9); !strings.HasPrefix(got, "welcome subscribed") {
			t.Errorf("got %s", got)
		}
	})
	t.Run("when_something_came", func(t *testing.T) {
		answer := make(chan string)
		go func() { answer <- poll("60000", position).types(9) }()
		s.tell("open:a", "", "2")
		if got := <-answer; got != "welcome subscribed entry" {
			t.Errorf("got %s", got)
		}
	})
	t.Run("after_the_wait", func(t *testing.T) {
		if got := poll("1", `"new"`).types(9); got != "welcome subscribed" {
			t.Errorf("got %s", got)
		}
	})
	t.Run("bad_wait", func(t *testing.T) {
		for _, wait := range []string{"x", "-1", "1.5", "99999999999999999999"} {
			if got := firstCode(poll(wait, `"new"`), 1); got != protocol.BadMessage {
				t.Errorf("wait=%s ends in %q", wait, got)
			}
		}
	})
	t.Run("a_long_backlog_comes_in_parts", func(t *testing.T) {
		for range 20 {
			s.tell("open:b", "", `"`+strings.Repeat("x", 60<<10)+`"`)
		}
		next, from := uint64(0), `"earliest"`
		for polls := 1; next < 20; polls++ {
			p := s.posted("/v1/poll?wait=0", hello(secret, 1, `{"topic":"open:b","from":`+from+`}`))
			for m, ok := p.hear(); ok; m, ok = p.hear() {
				if m.Type != "entry" {
					continue
				}
				if next++; m.Offset != next {
					t.Fatalf("offset %d came where %d was due", m.Offset, next)
				}
				from = fmt.Sprintf(`{"offset":%d,"term":%q}`, m.Offset, m.Term)
			}
			if polls > 20 {
				t.Fatal("the polls do not get on")
			}
		}
	})
}

func TestRoads_ROAD_4_commands(t *testing.T) {
	s := serve(t)
	secret := newSecret(t)
	say := func(run int, commands string) *posted {
		return s.posted("/v1/commands", fmt.Sprintf(`[{"type":"hello","clients":[{"secret":%q,"run":%d}]}%s]`, secret, run, commands))
	}
	p := say(1, `,{"type":"publish","topic":"open:a","seq":1,"data":1},{"type":"publish","topic":"open:a","seq":3,"data":3},`+
		`{"type":"history","id":5,"topic":"open:a"},{"type":"ping"},{"type":"subscribe","id":6,"topic":"open:a"},{"type":"dance","id":7}`)
	heard := map[string]said{}
	for m, ok := p.hear(); ok; m, ok = p.hear() {
		heard[m.Type+fmt.Sprint(m.ID+m.Seq)] = m
	}
	for key, holds := range map[string]func(said) bool{
		"welcome0": func(said) bool { return true },
		"ack1":     func(m said) bool { return m.Offset == 1 },
		"gap3":     func(m said) bool { return m.Expected == 2 },
		"history5": func(said) bool { return true },
		"pong0":    func(said) bool { return true },
		"error6":   func(m said) bool { return m.code() == protocol.BadMessage },
		"error7":   func(m said) bool { return m.code() == protocol.UnknownType },
	} {
		if m, ok := heard[key]; !ok || !holds(m) {
			t.Errorf("%s is %+v in %v", key, m, heard)
		}
	}
	if len(heard) != 7 {
		t.Errorf("heard %v", heard)
	}
	again := say(1, `,{"type":"publish","topic":"open:a","seq":1,"data":1}`)
	again.hear()
	if m, _ := again.hear(); m.Type != "ack" || m.Offset != 1 {
		t.Errorf("the repeat is answered by %+v", m)
	}
	withTopics := s.posted("/v1/commands", "["+hello(secret, 1, `{"topic":"open:a"}`)+"]")
	if got := firstCode(withTopics, 1); got != protocol.BadMessage {
		t.Errorf("topics in a hello of commands end in %q", got)
	}
}

// Many pages of history in one batch are written as they come: the memory of
// the answer does not grow with what was asked for.
func TestRoads_ROAD_4_a_long_answer(t *testing.T) {
	s := serve(t)
	for range 8 {
		s.tell("open:a", "", `"`+strings.Repeat("x", 60<<10)+`"`)
	}
	body := strings.Builder{}
	fmt.Fprintf(&body, `[{"type":"hello"}`)
	const pages = 40
	for i := range pages {
		fmt.Fprintf(&body, `,{"type":"history","id":%d,"topic":"open:a"}`, i+1)
	}
	body.WriteByte(']')
	p := s.posted("/v1/commands", body.String())
	for i := 0; i <= pages; i++ {
		m, ok := p.hear()
		if !ok || m.ID != uint64(i) || (i > 0 && len(m.Entries) != 8) {
			t.Fatalf("answer %d is of id %d with %d entries", i, m.ID, len(m.Entries))
		}
	}
}

func TestRoads_ROAD_5_what_is_no_hello(t *testing.T) {
	s := serve(t)
	for _, road := range []string{"/v1/sse", "/v1/poll", "/v1/commands"} {
		for body, want := range map[string]protocol.Code{
			``:                                 protocol.BadFrame,
			`nonsense`:                         protocol.BadFrame,
			`{"type":"ping"}`:                  protocol.BadMessage,
			`{"type":"hello","clients":7}`:     protocol.BadMessage,
			`{"type":"hello","token":"x.y.z"}`: protocol.BadToken,
			strings.Repeat(" ", 1<<20) + `{}`:  protocol.TooLarge,
			`{"type":"hello","clients":[{"secret":"short","run":1}]}`: protocol.BadClient,
		} {
			if got := firstCode(s.posted(road, body), 1); got != want {
				t.Errorf("%s with %.40q ends in %q, want %q", road, body, got, want)
			}
		}
	}
	if got := firstCode(s.posted("/v1/sse", `[{"type":"hello"},{"type":"history","id":3,"topic":"open:a"}]`), 2); got != protocol.BadMessage {
		t.Errorf("a command behind the hello of a stream ends in %q", got)
	}
}

func TestRoads_ROAD_6_requests_share_a_run(t *testing.T) {
	s := serve(t)
	secret := newSecret(t)
	commands := func(run int) protocol.Code {
		return firstCode(s.posted("/v1/commands", fmt.Sprintf(`[{"type":"hello","clients":[{"secret":%q,"run":%d}]}]`, secret, run)), 9)
	}
	stream := s.posted("/v1/sse", hello(secret, 2, `{"topic":"open:a"}`))
	if got := stream.types(2); got != "welcome subscribed" {
		t.Fatalf("got %s", got)
	}
	if got := commands(2); got != "" {
		t.Errorf("commands of the same run end in %q", got)
	}
	if got := commands(1); got != protocol.StaleRun {
		t.Errorf("commands of a lower run end in %q", got)
	}
	w := s.dial()
	w.say(hello(secret, 2, ""))
	if got, _ := w.end(); got != protocol.StaleRun {
		t.Errorf("a WebSocket of the same run ends in %q", got)
	}
	w = s.dial()
	w.say(hello(secret, 3, ""))
	if m := w.hear(); m.Type != "welcome" {
		t.Errorf("a WebSocket of a higher run is answered by %+v", m)
	}
	if m, _ := stream.hear(); m.code() != protocol.Replaced {
		t.Errorf("the stream ends with %+v", m)
	}
	if got := commands(3); got != protocol.StaleRun {
		t.Errorf("commands beside a WebSocket end in %q", got)
	}
	other := newSecret(t)
	firstCode(s.posted("/v1/commands", fmt.Sprintf(`[{"type":"hello","clients":[{"secret":%q,"run":5}]}]`, other)), 9)
	w = s.dial()
	w.say(hello(other, 4, ""))
	if got, _ := w.end(); got != protocol.StaleRun {
		t.Errorf("a lower run after the last request ends in %q", got)
	}
}

// A reader that leaves while the server writes, or waits, leaves nothing that
// keeps the server from closing.
func TestRoads_readers_leave(t *testing.T) {
	s := serve(t)
	for range 20 {
		p := s.posted("/v1/sse", hello(newSecret(t), 1, `{"topic":"open:a"}`))
		p.types(2)
		s.tell("open:a", "", `"`+strings.Repeat("x", 60<<10)+`"`)
		must(t, p.Body.Close())
	}
}

func TestPoll_POLL_1_entries_and_a_cursor(t *testing.T) {
	s := serve(t)
	s.tell("open:a", "x", "1")
	s.tell("open:b", "", "2")
	type page struct {
		Entries []said
		Cursor  string
		Reset   []string
	}
	poll := func(query string) page {
		t.Helper()
		r := s.request("GET", "/v1/poll?topic=open:a&topic=open:b&"+query, "")
		body, err := io.ReadAll(r.Body)
		must(t, err)
		if r.StatusCode != http.StatusOK {
			t.Fatalf("status %d: %s", r.StatusCode, body)
		}
		var p page
		must(t, json.Unmarshal(body, &p))
		return p
	}
	first := poll("from=earliest")
	if len(first.Entries) != 2 || first.Entries[0].Topic != "open:a" || first.Entries[1].Topic != "open:b" || first.Cursor == "" {
		t.Fatalf("got %+v", first)
	}
	if p := poll(""); len(p.Entries) != 0 || p.Cursor != first.Cursor {
		t.Errorf("POLL-2: without a cursor: %+v, want the cursor %q", p, first.Cursor)
	}
	if p := poll("wait=1ms&cursor=" + first.Cursor); len(p.Entries) != 0 || p.Cursor != first.Cursor {
		t.Errorf("nothing new: %+v", p)
	}
	answer := make(chan page)
	go func() { answer <- poll("wait=60s&cursor=" + first.Cursor) }()
	s.tell("open:b", "", "3")
	p := <-answer
	if len(p.Entries) != 1 || p.Entries[0].Offset != 2 || p.Cursor == first.Cursor {
		t.Errorf("after a wait: %+v", p)
	}
	if p := poll("cursor=9.AAAAAAAAAAA,0"); len(p.Reset) != 1 || p.Reset[0] != "open:a" || len(p.Entries) != 3 {
		t.Errorf("POLL-3: a lost place: %+v", p)
	}
	for query, want := range map[string]protocol.Code{
		"wait=soon":      protocol.BadMessage,
		"wait=-5s":       protocol.BadMessage,
		"cursor=rubbish": protocol.BadMessage,
		"topic=none:c":   protocol.UnknownNamespace,
	} {
		if got := failure(t, s.request("GET", "/v1/poll?topic=open:a&"+query, "")).Code; got != want {
			t.Errorf("POLL-4: %s ends in %q, want %q", query, got, want)
		}
	}
	s.hub.Drain()
	if got := failure(t, s.request("GET", "/v1/poll?topic=open:a", "")).Code; got != protocol.Draining {
		t.Errorf("POLL-4: a drained server answers %q", got)
	}
}

// The token of a stream expires: it says so, and delivers nothing more.
func TestRoads_AUTH_4_expiry(t *testing.T) {
	s := serve(t)
	body := fmt.Sprintf(`{"type":"hello","token":%q,"topics":[{"topic":"chat:a"}]}`, s.token(ttl, grant("chat:a", auth.Read)))
	p := s.posted("/v1/sse", body)
	if got := p.types(2); got != "welcome subscribed" {
		t.Fatalf("got %s", got)
	}
	s.ahead.Add(int64(2 * ttl))
	s.hub.Tick()
	if m, _ := p.hear(); m.Type != "error" || m.code() != protocol.TokenExpired {
		t.Errorf("heard %+v", m)
	}
	s.tell("chat:a", "", "1")
	s.ahead.Add(int64(time.Minute))
	s.hub.Tick()
	if m, _ := p.hear(); m.Type != "close" || m.code() != protocol.TokenExpired {
		t.Errorf("heard %+v", m)
	}
}

// What fits into a frame fits beside hello.
func TestRoads_ROAD_4_room_for_hello(t *testing.T) {
	s := serve(t)
	hello := fmt.Sprintf(`{"type":"hello","clients":[{"secret":%q,"run":1}]}`, newSecret(t))
	body := func(bytes int) string {
		return "[" + hello + strings.Repeat(" ", bytes-len(hello)-len(`[,{"type":"ping"}]`)) + `,{"type":"ping"}]`
	}
	most := protocol.DefaultLimits().FrameBytes + protocol.HelloBytes
	if got := s.posted("/v1/commands", body(most)).types(3); got != "welcome pong" {
		t.Errorf("the longest body is answered by %q", got)
	}
	if e := failure(t, s.request("POST", "/v1/commands", body(most+1))); e.Code != protocol.TooLarge {
		t.Errorf("one byte more is answered by %+v", e)
	}
}

// A body that does not come keeps nobody for longer than a hello has.
func TestBody_HELLO_1_a_slow_body(t *testing.T) {
	s := serve(t, func(set *settings) { set.hub.Session.HelloTimeout = 50 * time.Millisecond })
	for _, path := range []string{"/v1/topics/open:a/events", "/v1/sse", "/v1/poll", "/v1/commands"} {
		conn, err := net.Dial("tcp", s.Listener.Addr().String())
		must(t, err)
		defer conn.Close()
		_, err = fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: 20\r\n\r\n{", path)
		must(t, err)
		must(t, conn.SetReadDeadline(time.Now().Add(patience)))
		r, err := http.ReadResponse(bufio.NewReader(conn), nil)
		must(t, err)
		if got := failure(t, r).Code; got != protocol.HelloTimeout {
			t.Errorf("%s ends in %q", path, got)
		}
	}
}
