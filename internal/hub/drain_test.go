package hub

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tuttisync/tutti/auth"
	"github.com/tuttisync/tutti/protocol"
)

func drainOver(d time.Duration) func(*Config) { return func(c *Config) { c.Drain = d } }

func (n *node) drained(t *testing.T, err error, what string) {
	t.Helper()
	if protocol.AsError(err).Code != protocol.Draining {
		t.Errorf("%s: %v", what, err)
	}
}

func TestDrain(t *testing.T) {
	ctx := context.Background()
	t.Run("DRAIN-1/nobody_new", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			n := newNode(t, drainOver(10*time.Second))
			n.Drain()
			n.Drain()
			n.drained(t, n.Ready(), "ready")
			n.drained(t, n.Admit(), "admission")
			if m, code := n.open().end(); m.code() != protocol.Draining || m.Error.RetryAfter == 0 || code != 4003 {
				t.Errorf("a new connection ended with %+v, %d", m, code)
			}
			_, err := n.Open(ctx, StreamConfig{Trusted: true})
			n.drained(t, err, "a new stream")
		})
	})
	t.Run("DRAIN-2/spread_evenly", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			const over, many = 10 * time.Second, 20
			n := newNode(t, drainOver(over))
			var lines []*line
			for range many {
				lines = append(lines, n.reader())
			}
			began := time.Now()
			n.Drain()
			for i, l := range lines {
				m, code := l.end()
				if m.code() != protocol.Draining || !m.Error.Retryable || m.Error.RetryAfter == 0 || code != 4003 {
					t.Errorf("connection %d ended with %+v, %d", i, m, code)
				}
				slot := time.Duration(i) * over / many
				if waited := time.Since(began); waited < slot || waited > slot+2*wheelTick {
					t.Errorf("connection %d ended after %v", i, waited)
				}
			}
		})
	})
	t.Run("DRAIN-2/works_until_its_turn", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			n := newNode(t, drainOver(10*time.Second))
			n.reader()
			l := n.connect(newSecret(t), 1)
			l.say(`{"type":"subscribe","id":1,"topic":"a"}`)
			l.expect("subscribed")
			n.Drain()
			n.pass(4 * time.Second)
			for i := range 3 {
				l.say(fmt.Sprintf(`{"type":"publish","topic":"a","seq":%d,"data":%d}`, i+1, i+1))
				l.both("entry", "ack")
			}
			if m, _ := l.end(); m.code() != protocol.Draining {
				t.Errorf("it ended with %+v", m)
			}
		})
	})
	t.Run("DRAIN-3/answers_come_before_the_close", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			gate := make(chan struct{})
			n := newNode(t, onPublish(func(context.Context, auth.Identity, *Message) error {
				<-gate
				return nil
			}))
			l := n.connect(newSecret(t), 1)
			for i := range 3 {
				l.say(fmt.Sprintf(`{"type":"publish","topic":"a","seq":%d,"data":1}`, i+1))
			}
			synctest.Wait()
			n.Drain()
			l.say(`{"type":"publish","topic":"a","seq":4,"data":1}`)
			l.say(`{"type":"ping"}`)
			synctest.Wait()
			close(gate)
			for i := range 3 {
				if m := l.expect("ack"); m.Seq != uint64(i+1) {
					t.Errorf("answered is %+v", m)
				}
			}
			l.expect("close")
			l.end()
		})
	})
	t.Run("DRAIN-3/close_comes_last_to_one_that_takes_nothing", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			n := newNode(t)
			l := n.connect(newSecret(t), 1)
			l.stall()
			l.say(`{"type":"publish","topic":"a","seq":1,"data":1}`)
			l.say(`{"type":"ping"}`)
			synctest.Wait()
			n.Drain()
			l.say(`{"type":"ping"}`)
			synctest.Wait()
			l.release()
			l.both("ack", "pong")
			l.expect("close")
			l.end()
		})
	})
	t.Run("DRAIN-4/a_stream_ends_in_its_turn", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			n := newNode(t, drainOver(10*time.Second))
			n.reader()
			s, err := n.Open(ctx, StreamConfig{Trusted: true, Topics: []protocol.Subscribe{{Topic: "a"}}})
			must(t, err)
			defer s.Close()
			began := time.Now()
			n.Drain()
			n.tell("a", `1`)
			if b, err := s.Next(ctx, nil); err != nil || len(b.Frames) != 1 {
				t.Errorf("got %+v, %v", b, err)
			}
			_, err = s.Next(ctx, nil)
			n.drained(t, err, "the stream")
			if waited := time.Since(began); waited < 5*time.Second || waited > 5*time.Second+2*wheelTick {
				t.Errorf("it took %v", waited)
			}
		})
	})
	t.Run("DRAIN-5/within_the_time_to_close", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			n := newNode(t, drainOver(time.Hour))
			var lines []*line
			for range 4 {
				lines = append(lines, n.reader())
			}
			n.Drain()
			ctx, cancel := context.WithTimeout(ctx, 4*time.Second)
			defer cancel()
			must(t, n.Close(ctx))
			for _, l := range lines {
				if m, _ := l.end(); m.code() != protocol.Draining {
					t.Errorf("it ended with %+v", m)
				}
			}
		})
	})
}

// A publish of no connection is taken until the connections have
// gone, and one in flight then is still answered.
func TestDrain_DRAIN_3_publishes_of_no_connection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := make(chan struct{})
		n := newNode(t, onPublish(func(context.Context, auth.Identity, *Message) error {
			<-gate
			return nil
		}))
		n.Drain()
		n.tell("a", `1`)
		answered := make(chan error, 1)
		go func() {
			_, err := n.Publish(context.Background(), Publication{Identity: everyone, Topic: "a", Data: []byte(`2`)})
			answered <- err
		}()
		synctest.Wait()
		closed := make(chan struct{})
		go func() {
			defer close(closed)
			n.close()
		}()
		synctest.Wait()
		_, err := n.Publish(context.Background(), Publication{Trusted: true, Topic: "a", Data: []byte(`3`)})
		n.drained(t, err, "a publish behind all connections")
		close(gate)
		if err := <-answered; err != nil {
			t.Errorf("the publish in flight ended with %v", err)
		}
		<-closed
	})
}
