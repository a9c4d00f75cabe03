package hub

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tuttisync/tutti/auth"
	"github.com/tuttisync/tutti/protocol"
)

// A peer that takes nothing is cut when the time to close is over.
func TestClose_cuts_what_does_not_go(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNode(t)
		l := n.reader()
		l.stall()
		l.say(`{"type":"ping"}`)
		synctest.Wait()
		ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
		defer cancel()
		began := time.Now()
		_ = n.Close(ctx)
		if waited := time.Since(began); waited != 3*time.Second {
			t.Errorf("it took %v", waited)
		}
		synctest.Wait()
		l.end()
	})
}

// A hook that does not return holds Close up no longer than its ctx.
func TestClose_hanging_hook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := make(chan struct{})
		n := newNode(t, onPublish(func(context.Context, auth.Identity, *Message) error {
			<-gate
			return nil
		}))
		l := n.connect(newSecret(t), 1)
		l.say(`{"type":"publish","topic":"a","seq":1,"data":1}`)
		synctest.Wait()
		ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
		defer cancel()
		if err := n.Close(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		close(gate)
	})
}

// Work that begins while Close waits is waited for, or ends on its own.
func TestClose_under_load(t *testing.T) {
	for range 20 {
		n := newNode(t)
		published := make(chan struct{})
		for range 4 {
			go func() {
				for {
					_, err := n.Publish(context.Background(), Publication{Trusted: true, Topic: "a", Data: []byte(`1`)})
					if err != nil {
						published <- struct{}{}
						return
					}
				}
			}()
		}
		s, err := n.Open(context.Background(), StreamConfig{Trusted: true, Topics: []protocol.Subscribe{{Topic: "a"}}})
		must(t, err)
		go func() {
			defer s.Close()
			for {
				if _, err := s.Next(context.Background(), nil); err != nil {
					return
				}
			}
		}()
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		if err := n.Close(ctx); err != nil {
			t.Error(err)
		}
		cancel()
		for range 4 {
			<-published
		}
	}
}

// A stream that was closed while its timer fired does not go on ticking.
func TestStream_closed_stops_its_timer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNode(t)
		s, err := n.Open(context.Background(), StreamConfig{Trusted: true, Topics: []protocol.Subscribe{{Topic: "a"}}, Heartbeat: time.Second})
		must(t, err)
		s.Close()
		s.tick(time.Now())
		n.wheel.mu.Lock()
		defer n.wheel.mu.Unlock()
		if s.timer.set {
			t.Error("the timer is set")
		}
	})
}

func TestStream_SSE_4_heartbeat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNode(t)
		s, err := n.Open(context.Background(), StreamConfig{Trusted: true, Topics: []protocol.Subscribe{{Topic: "a"}}, Heartbeat: 10 * time.Second})
		must(t, err)
		defer s.Close()
		last := time.Now()
		for i := range 20 {
			if i%3 == 2 {
				n.pass(7 * time.Second)
				n.tell("a", `1`)
			}
			b, err := s.Next(context.Background(), nil)
			must(t, err)
			if (b.Index == -1) == (i%3 == 2) {
				t.Errorf("step %d: %+v", i, b)
			}
			if waited := time.Since(last); waited > 10*time.Second+2*wheelTick {
				t.Errorf("nothing was said for %v", waited)
			}
			last = time.Now()
		}
	})
}

func TestStream_SSE_6_ends_with_its_token(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNode(t)
		id := everyone
		id.Expires = time.Now().Add(time.Minute)
		s, err := n.Open(context.Background(), StreamConfig{Identity: id, Topics: []protocol.Subscribe{{Topic: "a"}}, Heartbeat: time.Hour})
		must(t, err)
		defer s.Close()
		began := time.Now()
		if _, err := s.Next(context.Background(), nil); protocol.AsError(err).Code != protocol.TokenExpired {
			t.Errorf("got %v", err)
		}
		if waited := time.Since(began); waited < time.Minute || waited > time.Minute+2*wheelTick {
			t.Errorf("it took %v", waited)
		}
	})
}
