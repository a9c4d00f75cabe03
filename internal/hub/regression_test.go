package hub

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tuttisync/tutti/auth"
	"github.com/tuttisync/tutti/internal/session"
	"github.com/tuttisync/tutti/internal/topic"
	"github.com/tuttisync/tutti/protocol"
	"github.com/tuttisync/tutti/store"
	"github.com/tuttisync/tutti/store/memory"
)

// untold is a store that tells its followers of nothing until it is let go:
// its entries can be read before that.
type untold struct {
	*memory.Store
	reached chan struct{} // closed when the first batch is durable
	told    chan struct{} // closed by the test
}

func (u *untold) Follow(shard int, fn func(store.Appended)) (func(), error) {
	return u.Store.Follow(shard, func(a store.Appended) {
		if a.First == 2 {
			close(u.reached)
			<-u.told
		}
		fn(a)
	})
}

// What a client is shown must be a position that it can resume from at once.
func TestResume_SUB_3_nothing_is_shown_beyond_the_head(t *testing.T) {
	log := &untold{Store: memory.New(), reached: make(chan struct{}), told: make(chan struct{})}
	n := newNode(t, func(c *Config) { c.Durable, c.Memory = log, log })
	tell := sync.OnceFunc(func() { close(log.told) })
	t.Cleanup(tell)
	n.tell("a", `1`)
	l := n.connect(newSecret(t), 1)

	done := make(chan error, 1)
	go func() {
		_, err := n.Publish(context.Background(), Publication{Trusted: true, Topic: "a", Data: []byte(`2`)})
		done <- err
	}()
	<-log.reached
	l.say(`{"type":"history","id":1,"topic":"a","after":0}`)
	page := l.expect("history")
	if len(page.Entries) != 1 || page.Head.Offset != 1 {
		t.Errorf("the page holds %d entries with its head at %d", len(page.Entries), page.Head.Offset)
	}
	l.say(`{"type":"subscribe","id":2,"topic":"a","from":"earliest"}`)
	l.expect("subscribed")
	newest := l.expect("entry")
	l.say(fmt.Sprintf(`{"type":"subscribe","id":3,"topic":"a","from":{"offset":%d,"term":%q}}`, newest.Offset, newest.Term))
	if m := l.expect("subscribed"); !m.Recovered || m.Offset != 1 {
		t.Errorf("got %+v", m)
	}
	l.quiet()
	tell()
	must(t, <-done)
	l.entries("a", 2, 2)
	l.quiet()
}

// The news of an expiry can be late: an auth has been answered meanwhile.
func TestAuth_AUTH_4_a_late_pause_does_not_stop_a_fresh_identity(t *testing.T) {
	n := newNode(t)
	l := n.connect(newSecret(t), 1)
	l.say(`{"type":"subscribe","id":1,"topic":"a"}`)
	l.expect("subscribed")
	l.say(`{"type":"auth","id":2,"token":"fresh"}`)
	l.expect("authenticated")
	l.conn.carry(session.Pause{})
	n.tell("a", `1`)
	l.entries("a", 1, 1)
}

// A review that lasts longer than its token does not set entries free.
func TestAuth_AUTH_4_a_late_review_does_not_free_an_expired_identity(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNode(t, func(c *Config) { c.Identify = tokens(time.Now()) })
		l := n.open()
		l.say(`{"type":"hello","token":"alice 10","topics":[{"topic":"a"}]}`)
		l.expect("welcome")
		l.expect("subscribed")
		l.expect("error")
		l.conn.carry(session.Review{Identity: everyone})
		n.tell("a", `1`)
		l.quiet()
	})
}

// One connection must not make the node hold more than a little of what waits
// for its hooks.
func TestPublish_bytes_without_a_verdict_are_bounded(t *testing.T) {
	release := make(chan struct{})
	n := newNode(t, func(c *Config) {
		c.Hooks.Publish = func(context.Context, auth.Identity, *Message) error {
			<-release
			return nil
		}
		c.Hooks.Timeout = patience
	})
	l := n.connect(newSecret(t), 1)
	data := strings.Repeat("x", 60<<10)
	full := func() bool {
		l.conn.mu.Lock()
		defer l.conn.mu.Unlock()
		return l.conn.full()
	}
	count := 0
	for !full() && count < maxPending {
		count++
		l.conn.Receive(fmt.Appendf(nil, `{"type":"publish","topic":"a","seq":%d,"data":%q}`, count, data))
	}
	if held := count * len(data); held > maxWaiting+len(data) {
		t.Errorf("reading goes on at %d bytes", held)
	}
	close(release)
	for range count {
		l.expect("ack")
	}
	l.conn.Wait()
	if full() {
		t.Error("there is no room when all is answered")
	}
}

// Answers keep their order, and a repeat its answer, when too much waits.
func TestPublish_FRAME_3_order_when_overloaded(t *testing.T) {
	n := newNode(t)
	secret := newSecret(t)
	l := n.connect(secret, 1)
	l.say(`{"type":"publish","topic":"a","seq":1,"data":1}`)
	l.expect("ack")
	a := n.lookup("a")
	a.mu.Lock()
	a.inbox.bytes += maxInbox
	a.inbox.working = true
	a.mu.Unlock()
	l.say(`[{"type":"publish","topic":"a","seq":1,"data":1},{"type":"publish","topic":"a","seq":2,"data":2}]`)
	verdict := make(chan topic.Verdict, 1)
	a.submit(job{command: &topic.Command{Data: []byte(`3`)}, tell: func(v topic.Verdict) { verdict <- v }})
	if v := <-verdict; v.Kind != topic.Refused || v.Err.Code != protocol.Overloaded {
		t.Errorf("what no client sent got %+v", v)
	}
	l.quiet()
	a.mu.Lock()
	a.inbox.bytes -= maxInbox
	a.mu.Unlock()
	n.spawn(a.work)
	if m := l.expect("ack"); m.Seq != 1 || m.Offset != 1 {
		t.Errorf("the repeat got %+v", m)
	}
	if m := l.expect("refused"); m.Seq != 2 || m.code() != protocol.Overloaded {
		t.Errorf("got %+v", m)
	}
	l.say(`{"type":"publish","topic":"a","seq":2,"data":2}`)
	if m := l.expect("ack"); m.Seq != 2 || m.Offset != 2 {
		t.Errorf("sent again: %+v", m)
	}
}

// A hook that heeds its context has outlived its deadline all the same; its
// entry is not lost over that.
func TestHook_HOOK_1_one_that_returns_at_its_deadline(t *testing.T) {
	inline := func(task func()) { task() }
	n := newNode(t, func(c *Config) {
		c.Hooks.Timeout = time.Nanosecond
		c.Spawn = inline
	})
	for range 100 {
		err := n.hook(context.Background(), "OnPublish", protocol.Rejected, func(ctx context.Context) error {
			<-ctx.Done()
			return ctx.Err()
		})
		if code := protocol.AsError(err).Code; code != protocol.HookTimeout {
			t.Fatalf("got %s", code)
		}
	}
}

// Nobody would wake a reader of a topic that the hub has let go.
func TestSubscribe_SUB_2_topic_let_go_meanwhile(t *testing.T) {
	clock := time.Now()
	n := newNode(t, func(c *Config) { c.Now = func() time.Time { return clock } })
	n.tell("a", `1`)
	old := n.lookup("a")
	must(t, n.tasks.wait(t.Context())) // its work ends a moment after it is told
	clock = clock.Add(2 * coldAfter)
	n.Tick()
	if n.lookup("a") != nil {
		t.Fatal("the topic is still held")
	}
	if c, _ := old.open(nil, Messages, protocol.Subscribe{Topic: "a"}); c != nil {
		t.Error("a cursor opens on a topic that was let go")
	}
	l := n.connect(newSecret(t), 1)
	l.say(`{"type":"subscribe","id":1,"topic":"a","from":"earliest"}`)
	l.expect("subscribed")
	l.entries("a", 1, 1)
	n.tell("a", `2`)
	l.entries("a", 2, 2)
}

// An empty array says nothing, but it is heard.
func TestLive_LIVE_1_an_empty_frame_is_a_sign_of_life(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNode(t)
		l := n.connect(newSecret(t), 1)
		for range 8 {
			n.pass(20 * time.Second)
			l.say(`[]`)
		}
		l.mu.Lock()
		defer l.mu.Unlock()
		if l.closed {
			t.Errorf("it was closed: %+v", l.said[len(l.said)-1])
		}
	})
}

// A subscription that a hook could not judge after auth ends with an error
// that can be retried, and is taken again when it can.
func TestAuth_AUTH_4_a_review_that_could_not_be_made(t *testing.T) {
	var busy atomic.Bool
	n := newNode(t, func(c *Config) {
		c.Hooks.Authorize = func(context.Context, auth.Identity, auth.Verb, string) error {
			if busy.Load() {
				return protocol.Errorf(protocol.Overloaded, "")
			}
			return nil
		}
	})
	l := n.reader()
	l.say(`{"type":"subscribe","id":1,"topic":"a"}`)
	l.expect("subscribed")
	busy.Store(true)
	l.say(`{"type":"auth","id":2,"token":"fresh"}`)
	l.expect("authenticated")
	if m := l.expect("unsubscribed"); m.Topic != "a" || !m.Error.Retryable {
		t.Errorf("got %+v", m)
	}
	busy.Store(false)
	l.say(`{"type":"subscribe","id":3,"topic":"a"}`)
	l.expect("subscribed")
	n.tell("a", `1`)
	l.entries("a", 1, 1)
}

// A peer that asks for much in one frame and leaves is not served the rest.
func TestReceive_ends_with_the_connection(t *testing.T) {
	n := newNode(t)
	l := n.connect(newSecret(t), 1)
	l.conn.Abandon()
	l.say(`[{"type":"ping"},{"type":"publish","topic":"a","seq":1,"data":1}]`)
	if at := n.tell("a", "2"); at.Offset != 1 {
		t.Errorf("the entry of one who had left was taken: the next has the offset %d", at.Offset)
	}
	l.Close(1000, "")
}
