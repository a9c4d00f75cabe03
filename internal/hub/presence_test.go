package hub

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tuttisync/tutti/auth"
	"github.com/tuttisync/tutti/protocol"
)

// told is a message about presence.
func told[T any](t *testing.T, m said) T {
	t.Helper()
	var v T
	must(t, json.Unmarshal([]byte(m.line), &v))
	return v
}

// inRoom runs a test with time of its own on a node where a token is the name of
// a user.
func inRoom(t *testing.T, test func(t *testing.T, n *node), change ...func(*Config)) {
	synctest.Test(t, func(t *testing.T) {
		test(t, newNode(t, append([]func(*Config){func(c *Config) {
			c.Identify = func(token string, _ protocol.Secret) (auth.Identity, error) {
				return auth.Identity{Sub: token, Name: "The " + token, Grants: auth.FullRights()}, nil
			}
		}}, change...)...))
	})
}

// rest returns all that was heard and not looked at.
func (l *line) rest() []said {
	l.mu.Lock()
	defer l.mu.Unlock()
	rest := l.said[l.read:]
	l.read = len(l.said)
	return rest
}

// later passes over messages up to one of a kind.
func (l *line) later(kind string) said {
	l.t.Helper()
	for {
		if m := l.next(); m.Type == kind {
			return m
		}
	}
}

// as connects a user's client.
func (n *node) as(user string, secret protocol.Secret, run int) *line {
	n.t.Helper()
	l := n.open()
	l.say(fmt.Sprintf(`{"type":"hello","token":%q,"clients":[{"secret":%q,"run":%d}]}`, user, secret, run))
	l.expect("welcome")
	return l
}

func TestPresence_PRES_8_a_watcher_is_told_who_is_there(t *testing.T) {
	inRoom(t, func(t *testing.T, n *node) {
		mine := newSecret(t)
		alice, bob := n.as("alice", mine, 1), n.as("bob", newSecret(t), 1)
		alice.say(`{"type":"enter","id":1,"topic":"a","state":{"x":1}}`)
		id := alice.expect("entered").Client
		if id != protocol.ClientID("alice", mine) {
			t.Errorf("PRES-2: the client is %q", id)
		}
		bob.say(`{"type":"watch","id":2,"topic":"a"}`)
		first := told[protocol.Watching](t, bob.expect("watching"))
		if first.ID != 2 || first.Count != 1 || first.Users != 1 || len(first.Members) != 1 || first.Recovered {
			t.Fatalf("PRES-8: %+v", first)
		}
		if m := first.Members[0]; m.Client != id || m.User != "alice" || m.Name != "The alice" || string(m.State) != `{"x":1}` {
			t.Errorf("PRES-2: %+v", m)
		}
		alice.say(`[{"type":"update","topic":"a","state":2},{"type":"update","topic":"a","state":3}]`)
		p := told[protocol.Presence](t, bob.expect("presence"))
		if p.From != first.Version || len(p.Updates) != 1 {
			t.Errorf("PRES-8: %+v", p)
		}
		if string(p.Updates[0].State) != "3" { // the first was told at once, after a quiet tick
			p = told[protocol.Presence](t, bob.expect("presence"))
			if string(p.Updates[0].State) != "3" {
				t.Errorf("PRES-3: %+v", p)
			}
		}
		alice.say(`{"type":"leave","id":3,"topic":"a"}`)
		alice.expect("left")
		p = told[protocol.Presence](t, bob.expect("presence"))
		if len(p.Leaves) != 1 || p.Leaves[0].Client != id || p.Count != 0 || p.Users != 0 {
			t.Errorf("PRES-8: %+v", p)
		}
		bob.say(`{"type":"unwatch","id":4,"topic":"a"}`)
		bob.expect("unwatched")
		alice.say(`{"type":"enter","id":5,"topic":"a"}`)
		alice.expect("entered")
		time.Sleep(time.Second)
		bob.quiet()
	})
}

func TestPresence_PRES_5_a_reload_is_no_leave(t *testing.T) {
	inRoom(t, func(t *testing.T, n *node) {
		watcher, mine := n.as("bob", newSecret(t), 1), newSecret(t)
		watcher.say(`{"type":"watch","id":1,"topic":"a"}`)
		watcher.expect("watching")
		_, err := n.Beat(context.Background(), everyone, Heartbeat{Topic: "a", Client: "leased, for longer"})
		must(t, err)
		watcher.expect("presence")
		alice := n.as("alice", mine, 1)
		alice.say(`{"type":"enter","id":1,"topic":"a"}`)
		watcher.expect("presence")
		alice.Close(1001, "")
		time.Sleep(4 * time.Second)
		alice = n.open()
		alice.say(fmt.Sprintf(`{"type":"hello","token":"alice","clients":[{"secret":%q,"run":2}],"enter":[{"topic":"a"}]}`, mine))
		alice.expect("welcome")
		alice.expect("entered")
		time.Sleep(10 * time.Second)
		watcher.quiet()
		_, err = n.Beat(context.Background(), everyone, Heartbeat{Topic: "a", Client: "leased, for longer"})
		must(t, err)
		alice.Close(1006, "")
		begun := time.Now()
		p := told[protocol.Presence](t, watcher.expect("presence"))
		if took := time.Since(begun); len(p.Leaves) != 1 || took < 5*time.Second || took > 6*time.Second {
			t.Errorf("PRES-5: after %v %+v", took, p)
		}
	})
}

// A client for which the connection speaks no more is gone the grace time later.
func TestPresence_PRES_5_a_client_that_is_proved_no_more(t *testing.T) {
	inRoom(t, func(t *testing.T, n *node) {
		one, other := newSecret(t), newSecret(t)
		ids := []string{protocol.ClientID("alice", one), protocol.ClientID("alice", other)}
		l := n.open()
		l.say(fmt.Sprintf(
			`{"type":"hello","token":"alice","clients":[{"secret":%q,"run":1},{"secret":%q,"run":1}],"enter":[{"topic":"a","client":%q},{"topic":"a","client":%q}]}`,
			one, other, ids[0], ids[1],
		))
		l.later("entered")
		l.expect("entered")
		l.say(fmt.Sprintf(`{"type":"prove","id":1,"clients":[{"secret":%q,"run":1}]}`, one))
		l.expect("proved")
		time.Sleep(6 * time.Second)
		a, err := n.Everyone("a")
		must(t, err)
		if a.Count != 1 || a.Members[0].Client != ids[0] {
			t.Errorf("PRES-5: %+v", a)
		}
	})
}

// What was refused is not held: it takes no place.
func TestPresence_PRES_19_what_was_refused_takes_no_place(t *testing.T) {
	inRoom(t, func(t *testing.T, n *node) {
		l := n.as("alice", newSecret(t), 1)
		l.say(`[{"type":"enter","id":1,"topic":"off"},{"type":"enter","id":2,"topic":"a"}]`)
		if m := l.expect("error"); m.code() != protocol.WrongType {
			t.Errorf("PRES-1: %+v", m)
		}
		l.expect("entered")
	}, func(c *Config) {
		c.Session.Limits.Topics = 1
		c.Namespace = func(topic string) (Namespace, error) { return Namespace{Presence: Presence{None: topic == "off"}}, nil }
	})
}

// Three ways to go, three times: a closed page, a lost network, a lease.
func TestPresence_PRES_7_nobody_stays_for_ever(t *testing.T) {
	inRoom(t, func(t *testing.T, n *node) {
		watcher, silent := n.as("bob", newSecret(t), 1), n.as("eve", newSecret(t), 1)
		watcher.say(`{"type":"watch","id":1,"topic":"a"}`)
		watcher.expect("watching")
		begun := time.Now()
		silent.say(`{"type":"enter","id":1,"topic":"a"}`)
		watcher.expect("presence")
		_, err := n.Beat(context.Background(), auth.Identity{Sub: "carol", Grants: auth.FullRights()}, Heartbeat{Topic: "a", Client: "carol's"})
		must(t, err)
		watcher.expect("presence")
		leaves := map[string]time.Duration{}
		for len(leaves) < 2 {
			watcher.say(`{"type":"ping"}`)
			time.Sleep(time.Second)
			watcher.await(t, "an answer", func() bool { return len(watcher.said) > watcher.read })
			for _, m := range watcher.rest() {
				if m.Type == "presence" {
					for _, l := range told[protocol.Presence](t, m).Leaves {
						leaves[l.User] = time.Since(begun).Round(time.Second)
					}
				}
			}
		}
		if leaves["carol"] < 30*time.Second || leaves["carol"] > 32*time.Second {
			t.Errorf("PRES-6: the lease was over after %v", leaves["carol"])
		}
		if leaves["eve"] < 40*time.Second || leaves["eve"] > 42*time.Second { // ping 25, grace 10, and 5
			t.Errorf("PRES-7: one without a network was gone after %v", leaves["eve"])
		}
	})
}

// A watch that ends before it was told anything is answered all the same.
func TestPresence_PRES_8_every_watch_is_answered(t *testing.T) {
	inRoom(t, func(t *testing.T, n *node) {
		l := n.as("alice", newSecret(t), 1)
		l.stall()
		l.say(`{"type":"ping"}`)
		l.say(`[{"type":"watch","id":1,"topic":"a"},{"type":"watch","id":2,"topic":"a"},{"type":"unwatch","id":3,"topic":"a"}]`)
		l.release()
		l.expect("pong")
		for id := range uint64(3) {
			if m := l.expect("unwatched"); m.ID != id+1 {
				t.Errorf("PRES-8: %d was answered as the %d. command", m.ID, id+1)
			}
		}
		if n.rooms.bytes.Load() != 0 {
			t.Errorf("%d bytes are held for nobody", n.rooms.bytes.Load())
		}
	})
}

// Many watchers are told one behind the other, over half a tick, so that a large
// room does not hold up what other topics have to say; each of them once.
func TestPresence_PRES_11_many_watchers_are_told_in_turns(t *testing.T) {
	inRoom(t, func(t *testing.T, n *node) {
		const many = 2 * tickWatchers // a tick is 100 ms
		watchers := make([]*line, many)
		for i := range watchers {
			watchers[i] = n.as("bob", newSecret(t), 1)
			watchers[i].say(`{"type":"watch","id":1,"topic":"a"}`)
			watchers[i].expect("watching")
		}
		alice := n.as("alice", newSecret(t), 1)
		time.Sleep(time.Second)
		heard := func() (all int) {
			synctest.Wait()
			for _, w := range watchers {
				switch rest := w.rest(); {
				case len(rest) > 1:
					t.Fatalf("PRES-11: told %v", rest)
				case len(rest) == 1 && told[protocol.Presence](t, rest[0]).Count != 1:
					t.Fatalf("PRES-11: told %s", rest[0].line)
				case len(rest) == 1:
					all++
				}
			}
			return all
		}
		alice.say(`{"type":"enter","id":1,"topic":"a"}`)
		if first := heard(); first != turnWatchers {
			t.Errorf("PRES-11: %d were told at once", first)
		}
		watchers[many-1].Close(1001, "")
		time.Sleep(50 * time.Millisecond)
		if rest := heard(); turnWatchers+rest != many-1 {
			t.Errorf("PRES-11: within half a tick %d of %d were told", turnWatchers+rest, many-1)
		}
		time.Sleep(time.Second)
		if more := heard(); more != 0 {
			t.Errorf("PRES-11: %d were told twice", more)
		}
	})
}

func TestPresence_PRES_9_a_watcher_comes_back(t *testing.T) {
	inRoom(t, func(t *testing.T, n *node) {
		alice, bob := n.as("alice", newSecret(t), 1), n.as("bob", newSecret(t), 1)
		alice.say(`{"type":"enter","id":1,"topic":"a"}`)
		bob.say(`{"type":"watch","id":1,"topic":"a"}`)
		first := told[protocol.Watching](t, bob.expect("watching"))
		alice.say(`{"type":"update","topic":"a","state":7}`)
		time.Sleep(time.Second)
		since := fmt.Sprintf(`{"type":"watch","id":2,"topic":"a","since":{"epoch":%q,"version":%d}}`, first.Epoch, first.Version)
		late := n.as("bob", newSecret(t), 1)
		late.say(since)
		again := told[protocol.Watching](t, late.expect("watching"))
		if !again.Recovered || len(again.Members) != 0 || again.Version != first.Version {
			t.Errorf("PRES-9: %+v", again)
		}
		p := told[protocol.Presence](t, late.expect("presence"))
		if p.From != first.Version || len(p.Updates) != 1 || string(p.Updates[0].State) != "7" {
			t.Errorf("PRES-9: %+v", p)
		}
		late.say(`{"type":"watch","id":3,"topic":"a","since":{"epoch":"another","version":1}}`)
		if w := told[protocol.Watching](t, late.expect("watching")); w.Recovered || len(w.Members) != 1 {
			t.Errorf("PRES-9: of another epoch %+v", w)
		}
	})
}

// Who polls comes and goes, and is told nothing anew of a topic that nobody has
// entered, or that was left since.
func TestPresence_PRES_9_an_empty_topic_stays_the_same(t *testing.T) {
	inRoom(t, func(t *testing.T, n *node) {
		var known protocol.PresenceVersion
		poll := func() bool {
			l := n.as("bob", newSecret(t), 1)
			l.say(fmt.Sprintf(`{"type":"watch","id":1,"topic":"a","since":{"epoch":%q,"version":%d}}`, known.Epoch, known.Version))
			w := told[protocol.Watching](t, l.expect("watching"))
			l.say(`{"type":"unwatch","id":2,"topic":"a"}`)
			l.later("unwatched")
			known = protocol.PresenceVersion{Epoch: w.Epoch, Version: w.Version}
			return w.Recovered
		}
		poll()
		for range 3 {
			if !poll() {
				t.Error("PRES-9: nobody was there, and the list is told anew")
			}
		}
		before := known
		nobody := n.as("", newSecret(t), 1)
		nobody.say(`{"type":"enter","id":1,"topic":"a"}`)
		nobody.say(`{"type":"leave","id":2,"topic":"a"}`)
		nobody.later("left")
		if poll(); known == before {
			t.Error("PRES-9: somebody was there, and the version is the same")
		}
		if !poll() {
			t.Error("PRES-9: nobody is there, and the list is told anew")
		}
	})
}

// A reader that takes nothing while hundreds come, change and go is told in one
// message; behind what the server remembers, it is told anew.
func TestPresence_PRES_10_a_slow_watcher_costs_nothing(t *testing.T) {
	inRoom(t, func(t *testing.T, n *node) {
		slow := n.as("bob", newSecret(t), 1)
		slow.say(`{"type":"watch","id":1,"topic":"a"}`)
		slow.expect("watching")
		who := auth.Identity{Sub: "carol", Grants: auth.FullRights()}
		beat := func(client string, leave bool) {
			_, err := n.Beat(context.Background(), who, Heartbeat{Topic: "a", Client: client, State: []byte("1"), Leave: leave})
			must(t, err)
			time.Sleep(time.Millisecond)
		}
		slow.stall()
		for i := range 300 {
			beat(fmt.Sprint("c", i), false)
			beat(fmt.Sprint("c", i/2), true)
		}
		beat("last", false)
		time.Sleep(time.Second)
		slow.release()
		time.Sleep(time.Second)
		var version uint64
		messages := 0
		for _, m := range slow.rest() {
			if m.Type == "presence" {
				p := told[protocol.Presence](t, m)
				if messages++; p.From != version && version != 0 {
					t.Errorf("PRES-10: a hole between %d and %d", version, p.From)
				}
				version = p.Version
			}
		}
		if messages > 4 {
			t.Errorf("PRES-10: it was told %d times", messages)
		}
		slow.stall()
		for i := range 3000 {
			beat(fmt.Sprint("d", i), false)
			beat(fmt.Sprint("d", i), true)
		}
		slow.release()
		time.Sleep(time.Second)
		anew := slices.ContainsFunc(slow.rest(), func(m said) bool { return m.Type == "watching" && m.ID == 0 && !m.Recovered })
		if !anew {
			t.Error("PRES-10: it was not told anew")
		}
	})
}

func TestPresence_PRES_14_signals_reach_those_who_watch(t *testing.T) {
	inRoom(t, func(t *testing.T, n *node) {
		alice, bob := n.as("alice", newSecret(t), 1), n.as("bob", newSecret(t), 1)
		bob.say(`{"type":"watch","id":1,"topic":"a"}`)
		bob.expect("watching")
		alice.say(`{"type":"signal","id":2,"topic":"a","name":"wave"}`)
		if m := alice.expect("error"); m.code() != protocol.NotFound || m.ID != 2 {
			t.Errorf("PRES-14: one who has not entered heard %+v", m)
		}
		alice.say(`{"type":"enter","id":3,"topic":"a"}`)
		alice.expect("entered")
		bob.expect("presence")
		alice.say(`{"type":"signal","topic":"a","name":"wave","data":{"x":1}}`)
		p := told[protocol.Presence](t, bob.expect("presence"))
		if len(p.Signals) != 1 || p.Signals[0].User != "alice" || p.Signals[0].Name != "wave" || string(p.Signals[0].Data) != `{"x":1}` {
			t.Errorf("PRES-14: %+v", p)
		}
		time.Sleep(time.Second)
		bob.quiet()
		alice.quiet()
	})
}

func TestPresence_PRES_1_rights(t *testing.T) {
	may := map[auth.Verb]bool{auth.Read: true, auth.Presence: true}
	var mu sync.Mutex
	inRoom(t, func(t *testing.T, n *node) {
		l := n.as("alice", newSecret(t), 1)
		l.say(`[{"type":"watch","id":1,"topic":"a"},{"type":"enter","id":2,"topic":"a"}]`)
		l.both("watching", "entered")
		mu.Lock()
		may[auth.Read], may[auth.Presence] = false, false
		mu.Unlock()
		for _, command := range []string{
			`{"type":"watch","id":3,"topic":"b"}`, `{"type":"enter","id":3,"topic":"b"}`, `{"type":"update","id":3,"topic":"a"}`,
			`{"type":"signal","id":3,"topic":"a","name":"n"}`,
		} {
			l.say(command)
			for l.later("error").code() != protocol.Forbidden {
				t.Errorf("PRES-1: %s", command)
			}
		}
		l.say(`{"type":"auth","id":4,"token":"alice"}`)
		l.later("authenticated")
		if m := l.later("unwatched"); m.code() != protocol.Forbidden {
			t.Errorf("PRES-1: %+v", m)
		}
		if m := l.later("left"); m.code() != protocol.Forbidden {
			t.Errorf("PRES-1: %+v", m)
		}
		if a, err := n.Everyone("a"); err != nil || a.Count != 0 {
			t.Errorf("PRES-1: %+v, %v", a, err)
		}
	}, func(c *Config) {
		c.Hooks.Authorize = func(_ context.Context, _ auth.Identity, verb auth.Verb, _ string) error {
			mu.Lock()
			defer mu.Unlock()
			if !may[verb] {
				return errors.New("no")
			}
			return nil
		}
	})
}

// A state in hello that is too large is refused alone: the connection goes on.
func TestPresence_PRES_6_a_refused_state_ends_no_connection(t *testing.T) {
	inRoom(t, func(t *testing.T, n *node) {
		l := n.open()
		l.say(fmt.Sprintf(
			`{"type":"hello","token":"alice","clients":[{"secret":%q,"run":1}],"enter":[{"topic":"a","state":%q},{"topic":"b"}]}`,
			newSecret(t), strings.Repeat("x", 5<<10),
		))
		l.expect("welcome")
		if m := l.expect("left"); m.code() != protocol.TooLarge || m.Topic != "a" {
			t.Errorf("PRES-6: %+v", m)
		}
		if m := l.expect("entered"); m.Topic != "b" {
			t.Errorf("PRES-6: %+v", m)
		}
	})
}

func TestPresence_PRES_19_memory_is_bounded(t *testing.T) {
	inRoom(t, func(t *testing.T, n *node) {
		l := n.as("alice", newSecret(t), 1)
		var refused protocol.Code
		for i := range 20 {
			l.say(fmt.Sprintf(`{"type":"enter","id":%d,"topic":"t%d"}`, i+1, i))
			if m := l.next(); m.Type == "error" {
				refused = m.code()
				break
			}
		}
		if refused != protocol.Overloaded {
			t.Errorf("PRES-19: refused with %q", refused)
		}
		l.Close(1000, "")
		time.Sleep(10 * time.Second)
		if n.rooms.bytes.Load() > roomBytes*10 {
			t.Errorf("PRES-19: %d bytes are held for nobody", n.rooms.bytes.Load())
		}
	}, func(c *Config) { c.PresenceBytes = 10 << 10 })
}

func TestPresence_PRES_19_a_connection_holds_so_many(t *testing.T) {
	inRoom(t, func(t *testing.T, n *node) {
		l := n.as("alice", newSecret(t), 1)
		for i := range 3 {
			l.say(fmt.Sprintf(`[{"type":"enter","id":%d,"topic":"t%d"},{"type":"watch","id":%d,"topic":"t%d"}]`, 2*i+1, i, 2*i+2, i))
		}
		var refused []uint64
		for range 6 {
			if m := l.next(); m.code() == protocol.LimitExceeded {
				refused = append(refused, m.ID)
			}
		}
		slices.Sort(refused)
		if fmt.Sprint(refused) != "[5 6]" {
			t.Errorf("PRES-19: refused were %v", refused)
		}
		l.say(`{"type":"leave","id":7,"topic":"t0"}`)
		l.later("left")
		l.say(`{"type":"enter","id":8,"topic":"t2"}`)
		l.later("entered")
	}, func(c *Config) { c.Session.Limits.Topics = 2 })
}

func TestPresence_PRES_15_occupancy_is_told_until_it_is_heard(t *testing.T) {
	var mu sync.Mutex
	var heard []Occupancy
	fails := 3
	inRoom(t, func(t *testing.T, n *node) {
		l := n.as("alice", newSecret(t), 1)
		l.say(`{"type":"enter","id":1,"topic":"a"}`)
		l.expect("entered")
		time.Sleep(20 * time.Second)
		l.say(`{"type":"leave","id":2,"topic":"a"}`)
		l.later("left")
		time.Sleep(20 * time.Second)
		mu.Lock()
		defer mu.Unlock()
		if len(heard) != 2 || !heard[0].Occupied || heard[1].Occupied || heard[1].Version <= heard[0].Version || heard[0].Topic != "a" {
			t.Errorf("PRES-15: %+v", heard)
		}
	}, func(c *Config) {
		c.Hooks.Occupancy = func(_ context.Context, o Occupancy) error {
			mu.Lock()
			defer mu.Unlock()
			if fails--; fails >= 0 {
				return errors.New("not now")
			}
			heard = append(heard, o)
			return nil
		}
	})
}
