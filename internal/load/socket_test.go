package load

import (
	"bufio"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
)

// pair returns a socket and the server's end of its connection.
func pair(t *testing.T) (*Socket, net.Conn) {
	client, server := net.Pipe()
	t.Cleanup(func() { _, _ = client.Close(), server.Close() })
	return &Socket{conn: client, frames: NewFrames(bufio.NewReader(client)), seqs: make(map[string]uint64)}, server
}

func TestNext(t *testing.T) {
	const after = `{"type":"subscribed","topic":"a","offset":0,"recovered":true}`
	for name, c := range map[string]struct {
		said, answered, want string
		fails                string
	}{
		"a message":                   {said: after, want: after},
		"a ping":                      {said: `{"type":"ping"}`, answered: `{"type":"pong"}`, want: after},
		"an error":                    {said: `{"type":"close","error":{"code":"draining"}}`, fails: "draining"},
		"an entry that tells of one":  {said: `{"type":"entry","data":{"error":{}}}`, want: `{"type":"entry","data":{"error":{}}}`},
		"an error that names entries": {said: `{"type":"error","error":{"code":"x","message":"\"type\":\"entry\""}}`, fails: "entry"},
	} {
		t.Run(name, func(t *testing.T) {
			s, server := pair(t)
			answered := make(chan string, 1)
			go func() {
				_ = wsutil.WriteServerText(server, []byte(c.said))
				if c.answered != "" {
					text, _ := wsutil.ReadClientText(server)
					answered <- string(text)
					_ = wsutil.WriteServerText(server, []byte(after))
				}
			}()
			got, err := s.Next()
			if c.fails != "" {
				if err == nil || !strings.Contains(err.Error(), c.fails) {
					t.Fatalf("read %q, %v", got, err)
				}
				return
			}
			if err != nil || string(got) != c.want {
				t.Fatalf("read %q, %v", got, err)
			}
			if c.answered != "" {
				if text := <-answered; text != c.answered {
					t.Errorf("the ping was answered by %q", text)
				}
			}
		})
	}
}

func TestNext_tells_of_close(t *testing.T) {
	s, server := pair(t)
	go func() { _ = ws.WriteFrame(server, ws.NewCloseFrame(ws.NewCloseFrameBody(4012, "draining"))) }()
	if _, err := s.Next(); err == nil || !strings.Contains(err.Error(), "4012 draining") {
		t.Errorf("error %v", err)
	}
}

func TestPublish(t *testing.T) {
	s, server := pair(t)
	said := make(chan string, 8)
	go func() {
		for _, answers := range [][]string{
			{
				`{"type":"entry","topic":"a","data":"\"type\":\"ack\""}`,
				`{"type":"ack","topic":"b","client":"c","seq":1,"offset":9,"term":"t"}`,
				`{"type":"ack","topic":"a","client":"c","seq":1,"offset":7,"term":"t"}`,
			},
			{`{"type":"ack","topic":"b","client":"c","seq":1,"offset":8,"term":"t"}`},
			{`{"type":"gap","topic":"a","client":"c","seq":2,"expected":1}`},
		} {
			text, _ := wsutil.ReadClientText(server)
			said <- string(text)
			for _, a := range answers {
				_ = wsutil.WriteServerText(server, []byte(a))
			}
		}
	}()
	for _, c := range []struct {
		topic, said string
		offset      uint64
	}{
		{"a", `{"type":"publish","topic":"a","seq":1,"data":1}`, 7},
		{"b", `{"type":"publish","topic":"b","seq":1,"data":1}`, 8},
		{"a", `{"type":"publish","topic":"a","seq":2,"data":1}`, 0},
	} {
		p, err := s.Publish(c.topic, []byte("1"))
		if text := <-said; text != c.said || p.Offset != c.offset || (err == nil) != (c.offset > 0) {
			t.Errorf("said %s, got %v, %v", text, p, err)
		}
	}
}

func TestMessage(t *testing.T) {
	due := time.Unix(0, 1234567890123456789)
	for _, size := range []int{1, leastBytes, 100, 5000} {
		m := Message(due, size)
		if len(m) != max(size, leastBytes) {
			t.Errorf("a message of %d bytes has %d", size, len(m))
		}
		var got []time.Time
		frame := append(append([]byte(`[{"data":`), m...), append([]byte(`},{"data":`), m...)...)
		if err := EachDue(frame, func(due time.Time) { got = append(got, due) }); err != nil || len(got) != 2 || !got[1].Equal(due) {
			t.Errorf("%v, %v", got, err)
		}
	}
	if err := EachDue([]byte(`{"sent":soon,`), func(time.Time) {}); err == nil {
		t.Error("a message without a time was read")
	}
}

func TestAddress(t *testing.T) {
	for url, want := range map[string]string{
		"http://a:1":       "ws://a:1/v1/ws",
		"https://a/under/": "wss://a/under/v1/ws",
		"ftp://a":          "",
		"a:1":              "",
		"http://":          "",
	} {
		target := Target{URL: url}
		got, err := target.address()
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%s: %q, %v", url, got, err)
		}
	}
}
