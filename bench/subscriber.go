package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
)

// mark stands before the time of publishing in what is published.
var mark = []byte(`"bench":`)

func message(now time.Time) []byte {
	return fmt.Appendf(nil, `{"bench":%d,"pad":%q}`, now.UnixNano(), strings.Repeat("x", 80))
}

// speech is what a client says in a server's protocol.
type speech struct {
	path      string
	protocol  string
	subscribe []string
	welcomed  string // stands in the answer to the last of subscribe
	publish   func(id int) string
	acked     string
}

func speechOf(kind string) speech {
	if kind == tuttiMemory || kind == tuttiDisk {
		secrets.Lock()
		defer secrets.Unlock()
		secrets.n++
		secret := fmt.Sprintf("%d.bench%027d", time.Now().Unix()/86400, secrets.n)
		return speech{
			path: "/v1/ws", protocol: "tutti.v1",
			subscribe: []string{fmt.Sprintf(`{"type":"hello","clients":[{"secret":%q,"run":1}],"topics":[{"topic":%q}]}`, secret, channel)},
			welcomed:  `"subscribed"`,
			publish: func(id int) string {
				return fmt.Sprintf(`{"type":"publish","topic":%q,"seq":%d,"data":%s}`, channel, id, message(time.Now()))
			},
			acked: `"type":"ack"`,
		}
	}
	return speech{
		path:      "/connection/websocket",
		subscribe: []string{`{"id":1,"connect":{}}`, fmt.Sprintf(`{"id":2,"subscribe":{"channel":%q}}`, channel)},
		welcomed:  `"subscribe"`,
		publish: func(id int) string {
			return fmt.Sprintf(`{"id":%d,"publish":{"channel":%q,"data":%s}}`, id+2, channel, message(time.Now()))
		},
		acked: `"publish":{`,
	}
}

var secrets struct {
	sync.Mutex
	n int
}

// subscriber is one connection, subscribed.
type subscriber struct {
	conn   net.Conn
	in     *bufio.Reader
	speech speech
	buf    []byte
}

func dial(c *child) (*subscriber, error) {
	s := &subscriber{speech: speechOf(c.kind)}
	dialer := ws.Dialer{}
	if s.speech.protocol != "" {
		dialer.Protocols = []string{s.speech.protocol}
	}
	conn, early, _, err := dialer.Dial(context.Background(), "ws://"+c.addr+s.speech.path)
	if err != nil {
		return nil, err
	}
	s.conn, s.in = conn, early
	if s.in == nil {
		s.in = bufio.NewReaderSize(conn, 1024)
	}
	for _, text := range s.speech.subscribe {
		if err := s.say(text); err != nil {
			return nil, err
		}
	}
	return s, s.await(s.speech.welcomed)
}

func (s *subscriber) say(text string) error { return wsutil.WriteClientText(s.conn, []byte(text)) }

// next reads one frame. It is valid until the next call.
func (s *subscriber) next() ([]byte, error) {
	h, err := ws.ReadHeader(s.in)
	if err != nil {
		return nil, err
	}
	if int64(cap(s.buf)) < h.Length {
		s.buf = make([]byte, h.Length)
	}
	s.buf = s.buf[:h.Length]
	_, err = io.ReadFull(s.in, s.buf)
	return s.buf, err
}

// await reads until a frame holds text.
func (s *subscriber) await(text string) error {
	for {
		frame, err := s.next()
		if err != nil {
			return err
		}
		if bytes.Contains(frame, []byte(text)) {
			return nil
		}
	}
}

// deliveries calls each with the time of publishing of everything that arrives,
// until the connection ends.
func (s *subscriber) deliveries(each func(published int64)) {
	for {
		frame, err := s.next()
		if err != nil {
			return
		}
		for {
			i := bytes.Index(frame, mark)
			if i < 0 {
				break
			}
			frame = frame[i+len(mark):]
			end := bytes.IndexByte(frame, ',')
			published, err := strconv.ParseInt(string(frame[:max(end, 0)]), 10, 64)
			if err != nil {
				return
			}
			each(published)
		}
	}
}

// crowd dials n subscribers, some at a time.
func crowd(c *child, n int) ([]*subscriber, error) {
	all := make([]*subscriber, n)
	errs := make(chan error, 16)
	for w := range 16 {
		go func() {
			var err error
			for i := w; i < n && err == nil; i += 16 {
				all[i], err = dial(c)
			}
			errs <- err
		}()
	}
	var failed error
	for range 16 {
		if err := <-errs; err != nil {
			failed = err
		}
	}
	return all, failed
}

func leave(all []*subscriber) {
	for _, s := range all {
		_ = s.conn.Close()
	}
}
