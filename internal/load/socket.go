package load

import (
	"bytes"
	"fmt"
	"net"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"

	"github.com/tuttisync/tutti/protocol"
)

// What stands in the messages that a socket waits for or must not overlook.
var (
	welcomed   = []byte(`"type":"welcome"`)
	subscribed = []byte(`"type":"subscribed"`)
	recovered  = []byte(`"recovered":true`)
	ended      = []byte(`"type":"unsubscribed"`)
	acked      = []byte(`"type":"ack"`)
	gap        = []byte(`"type":"gap"`)
	pinged     = []byte(`{"type":"ping"}`)
	failed     = []byte(`"error":{`)
)

// Socket is one raw WebSocket connection. One goroutine reads it, one writes.
type Socket struct {
	conn      net.Conn
	frames    *Frames
	recovered int               // topics that went on without a loss
	seqs      map[string]uint64 // of the latest entry that was published to a topic
	asked     uint64            // the latest id of a command
}

// Close resets the connection: nobody waits for anything.
func (s *Socket) Close() {
	if tcp, ok := s.conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = s.conn.Close()
}

func (s *Socket) greet(hello *protocol.Hello) error {
	if err := s.conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	if err := s.say(protocol.Append(nil, hello)); err != nil {
		return err
	}
	for welcome, topics := false, 0; !welcome || topics < len(hello.Topics); {
		frame, err := s.Next()
		if err != nil {
			return err
		}
		if bytes.Contains(frame, ended) {
			return fmt.Errorf("the server said %s", frame)
		}
		welcome = welcome || bytes.Contains(frame, welcomed)
		topics += bytes.Count(frame, subscribed)
		s.recovered += bytes.Count(frame, recovered)
	}
	return s.conn.SetDeadline(time.Time{})
}

func (s *Socket) say(text []byte) error { return wsutil.WriteClientText(s.conn, text) }

// Next reads one text frame, which is valid until the next call, and answers
// the server's pings. An error that the server tells is one.
func (s *Socket) Next() ([]byte, error) {
	for {
		op, payload, err := s.frames.Next()
		switch {
		case err != nil:
			return nil, err
		case op == ws.OpClose:
			code, reason := ws.ParseCloseFrameData(payload)
			return nil, fmt.Errorf("the server closed: %d %s", code, reason)
		case op == ws.OpPing:
			err = wsutil.WriteClientMessage(s.conn, ws.OpPong, payload)
		case op != ws.OpText:
		case bytes.Equal(payload, pinged):
			err = s.say(protocol.Append(nil, &protocol.Pong{}))
		case bytes.Contains(payload, failed) && tellsFailure(payload):
			return nil, fmt.Errorf("the server said %s", payload)
		default:
			return payload, nil
		}
		if err != nil {
			return nil, err
		}
	}
}

// each calls fn with the time in each message that arrives, until the
// connection ends.
func (s *Socket) each(fn func(due time.Time)) error {
	for {
		frame, err := s.Next()
		if err == nil {
			err = EachDue(frame, fn)
		}
		if err != nil {
			return fmt.Errorf("subscriber: %w", err)
		}
	}
}

// tellsFailure says whether a frame, which speaks of an error, is one: an
// entry's data may hold anything.
func tellsFailure(frame []byte) bool {
	var m struct {
		Type string `json:"type"`
	}
	return json.Unmarshal(frame, &m) != nil || m.Type != protocol.TypeEntry
}

// Publish publishes and waits until it is acknowledged. Entries that arrive
// meanwhile are passed over.
func (s *Socket) Publish(topic string, data []byte) (protocol.Position, error) {
	p, err := s.publish(topic, data)
	if err != nil {
		return p, fmt.Errorf("publish: %w", err)
	}
	return p, nil
}

func (s *Socket) publish(topic string, data []byte) (protocol.Position, error) {
	s.seqs[topic]++
	seq := s.seqs[topic]
	if err := s.conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return protocol.Position{}, err
	}
	if err := s.say(protocol.Append(nil, &protocol.Publish{Topic: topic, Seq: seq, Data: data})); err != nil {
		return protocol.Position{}, err
	}
	for {
		frame, err := s.Next()
		if err != nil {
			return protocol.Position{}, err
		}
		if !bytes.Contains(frame, acked) && !bytes.Contains(frame, gap) {
			continue
		}
		var answer struct {
			Type string `json:"type"`
			protocol.Ack
		}
		err = json.Unmarshal(frame, &answer)
		switch {
		case err != nil:
			return protocol.Position{}, fmt.Errorf("read %s: %w", frame, err)
		case answer.Type == protocol.TypeGap:
			return protocol.Position{}, fmt.Errorf("the server said %s", frame)
		case answer.Type == protocol.TypeAck && answer.Topic == topic && answer.Seq == seq:
			return protocol.Position{Offset: answer.Offset, Term: answer.Term}, nil
		}
	}
}

// Read subscribes to a topic, waits until so many messages have come, and
// unsubscribes.
func (s *Socket) Read(topic string, from protocol.From, messages int) error {
	if err := s.conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return fmt.Errorf("read: %w", err)
	}
	s.asked++
	if err := s.say(protocol.Append(nil, &protocol.Subscribe{ID: s.asked, Topic: topic, From: from})); err != nil {
		return fmt.Errorf("read: %w", err)
	}
	for answered, got := false, 0; !answered || got < messages; {
		frame, err := s.Next()
		if err == nil {
			answered = answered || bytes.Contains(frame, subscribed)
			err = EachDue(frame, func(time.Time) { got++ })
		}
		if err != nil {
			return fmt.Errorf("read: %w", err)
		}
	}
	s.asked++
	if err := s.say(protocol.Append(nil, &protocol.Unsubscribe{ID: s.asked, Topic: topic})); err != nil {
		return fmt.Errorf("read: %w", err)
	}
	for {
		frame, err := s.Next()
		if err != nil || bytes.Contains(frame, ended) {
			return err
		}
	}
}
