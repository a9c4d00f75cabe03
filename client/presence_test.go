package client_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tuttisync/tutti"
	"github.com/tuttisync/tutti/auth"
	"github.com/tuttisync/tutti/client"
	"github.com/tuttisync/tutti/client/core"
	"github.com/tuttisync/tutti/protocol"
)

// as are the options of somebody whose token is the name, over one road.
func as(name, road string) client.Options {
	return client.Options{StaticToken: name, Roads: []string{road}}
}

// byName lets whoever says a name be that.
func byName(_ context.Context, r *http.Request) (tutti.Identity, error) {
	name := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	return tutti.Identity{Sub: name, Name: strings.ToUpper(name), Grants: auth.FullRights()}, nil
}

// diary is what a watcher is told, in words.
type diary struct{ lines chan string }

func watch(p *client.Presence) *diary {
	d := &diary{make(chan string, 1000)}
	p.OnJoin(func(u client.User) { d.lines <- "join " + u.ID })
	p.OnLeave(func(u client.User) { d.lines <- "leave " + u.ID })
	p.OnSignal(func(s client.Signal) { d.lines <- fmt.Sprint("signal ", s.User, s.Name, string(s.Data), s.Own) })
	p.OnError(func(err error) { d.lines <- "error " + string(protocol.AsError(err).Code) })
	return d
}

func (d *diary) tells(t *testing.T, want ...string) {
	t.Helper()
	synctest.Wait()
	var got []string
	for len(d.lines) > 0 {
		got = append(got, <-d.lines)
	}
	if !slices.Equal(got, want) {
		t.Fatalf("told was %q, not %q", got, want)
	}
}

// there is who a presence shows, with their states.
func there(p *client.Presence) string {
	var all []string
	for _, u := range p.Users() {
		all = append(all, fmt.Sprintf("%s %s×%d", u.ID, u.State, len(u.Sessions)))
	}
	return strings.Join(all, ", ")
}

var allRoads = []string{core.RoadWS, core.RoadSSE, core.RoadPoll}

// onRoads runs a test over each road, on the clock of a bubble.
func onRoads(t *testing.T, name string, test func(t *testing.T, road string, n *network)) {
	for _, road := range allRoads {
		t.Run(name+"_"+road, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, n := inMemory(t, tutti.Config{Authenticate: byName})
				test(t, road, n)
			})
		})
	}
}

func enter(t *testing.T, p *client.Presence, state any) {
	t.Helper()
	if err := p.Enter(t.Context(), state); err != nil {
		t.Fatal(err)
	}
}

// pass lets what is to be told be told.
func pass() { time.Sleep(time.Second) }

func TestPresence(t *testing.T) {
	onRoads(t, "PRES-2,PRES-13,PRES-14_who_is_there", func(t *testing.T, road string, n *network) {
		ann := n.connect(t, as("ann", road)).Topic("t").Presence()
		told := watch(ann)
		pass()
		told.tells(t)

		bob := n.connect(t, as("bob", road))
		room := bob.Topic("t").Presence()
		enter(t, room, map[string]int{"x": 1})
		second := n.connect(t, as("bob", road)).Topic("t").Presence()
		enter(t, second, nil)
		pass()
		told.tells(t, "join bob")
		if got := there(ann); got != "bob null×2" {
			t.Fatalf("there is %s", got)
		}
		if ann.Count() != 1 || len(ann.Members()) != 2 || len(ann.Others()) != 2 || ann.Users()[0].Name != "BOB" {
			t.Fatalf("%d users, members %v, others %v", ann.Count(), ann.Members(), ann.Others())
		}
		if err := room.Update(map[string]int{"y": 2}); err != nil {
			t.Fatal(err)
		}
		if me, ok := room.Me(); !ok || string(me.State) != `{"x":1,"y":2}` || me.Client != bob.ID() {
			t.Fatalf("PRES-3: own is %+v, %v", me, ok)
		}
		pass()
		if got := there(ann); got != `bob {"x":1,"y":2}×2` {
			t.Fatalf("there is %s", got)
		}
		if err := room.Signal("wave", "hi"); err != nil {
			t.Fatal(err)
		}
		pass()
		told.tells(t, `signal bobwave"hi"false`)

		seen, ok := ann.LastSeen("bob")
		if err := second.Leave(t.Context()); err != nil {
			t.Fatal(err)
		}
		pass()
		told.tells(t)
		if err := room.Leave(t.Context()); err != nil {
			t.Fatal(err)
		}
		pass()
		told.tells(t, "leave bob")
		if last, still := ann.LastSeen("bob"); !ok || !still || !last.After(seen) {
			t.Fatalf("bob was seen %v, %v, then %v, %v", seen, ok, last, still)
		}
		if _, ok := room.Me(); ok || there(ann) != "" || ann.Count() != 0 {
			t.Fatalf("there is %s", there(ann))
		}
		wantCode(t, room.Update(1), protocol.NotFound)
		wantCode(t, room.Signal("wave", nil), protocol.NotFound)
	})
}

func TestPresence_enter_behind_leave(t *testing.T) {
	onRoads(t, "PRES-5_whoever_enters_again_is_there", func(t *testing.T, road string, n *network) {
		n.set(slow, "/v1/commands")
		ann := n.connect(t, as("ann", core.RoadWS)).Topic("t").Presence()
		ann.OnJoin(func(client.User) {})
		bob := n.connect(t, as("bob", road)).Topic("t").Presence()
		enter(t, bob, 0)
		if err := bob.Update(1); err != nil {
			t.Fatal(err)
		}
		left := make(chan error, 1)
		go func() { left <- bob.Leave(t.Context()) }()
		synctest.Wait()
		enter(t, bob, 2)
		if err := receive(t, left, 1)[0]; err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Second)
		if got := there(ann); got != "bob 2×1" {
			t.Errorf("there is %q", got)
		}
	})
}

// A stream that is opened anew says who has entered, and may say so behind a leave.
func TestPresence_leave_while_the_stream_is_opened(t *testing.T) {
	onRoads(t, "PRES-5_whoever_leaves_is_gone", func(t *testing.T, road string, n *network) {
		ann := n.connect(t, as("ann", core.RoadWS)).Topic("t").Presence()
		told := watch(ann)
		pass()
		c := n.connect(t, as("bob", road))
		bob := c.Topic("t").Presence()
		enter(t, bob, nil)
		pass()
		told.tells(t, "join bob")
		n.set(slow, "/v1/sse", "/v1/poll")
		c.Topic("u").Presence().OnJoin(func(client.User) {})
		synctest.Wait()
		if err := bob.Leave(t.Context()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(3 * time.Second)
		told.tells(t, "leave bob")
		if got := there(ann); got != "" {
			t.Errorf("there is %q", got)
		}
	})
}

func TestPresence_over_cuts(t *testing.T) {
	onRoads(t, "PRES-5,PRES-9_a_cut_is_no_leave", func(t *testing.T, road string, n *network) {
		ann := n.connect(t, as("ann", road)).Topic("t").Presence()
		told := watch(ann)
		pass()
		c := n.connect(t, as("bob", road))
		bob := c.Topic("t").Presence()
		enter(t, bob, 1)
		pass()
		told.tells(t, "join bob")
		for range 5 {
			n.cut()
			time.Sleep(11 * time.Second) // so that it counts as one that lived
			if err := bob.Update(2); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(time.Minute)
		told.tells(t)
		if got := there(ann); got != "bob 2×1" {
			t.Fatalf("there is %s", got)
		}
		c.Close()
		pass()
		told.tells(t, "leave bob") // PRES-7: at once
	})
	onRoads(t, "PRES-7,PRES-22_a_server_that_is_started_anew_is_no_leave", func(t *testing.T, road string, n *network) {
		ann := n.connect(t, as("ann", road)).Topic("t").Presence()
		told := watch(ann)
		pass()
		for _, name := range []string{"bob", "cat"} {
			enter(t, n.connect(t, as(name, road)).Topic("t").Presence(), name)
		}
		dan := n.connect(t, as("dan", road))
		enter(t, dan.Topic("t").Presence(), nil)
		pass()
		told.tells(t, "join bob", "join cat", "join dan")
		n.serveAnew(t, tutti.Config{Authenticate: byName})
		if err := dan.Topic("t").Presence().Leave(t.Context()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(4 * time.Second)
		told.tells(t)
		time.Sleep(4 * time.Second)
		told.tells(t, "leave dan")
		if got := there(ann); got != `bob "bob"×1, cat "cat"×1` && got != `cat "cat"×1, bob "bob"×1` {
			t.Fatalf("there is %s", got)
		}
	})
}

func TestPresence_updates(t *testing.T) {
	onRoads(t, "PRES-3_the_latest_is_told", func(t *testing.T, road string, n *network) {
		ann := n.connect(t, as("ann", road)).Topic("t").Presence()
		changes := make(chan client.PresenceChange, 1000)
		ann.OnChange(func(c client.PresenceChange) { changes <- c })
		pass()
		bob := n.connect(t, as("bob", road)).Topic("t").Presence()
		enter(t, bob, 0)
		pass()
		for i := range 200 {
			if err := bob.Update(i + 1); err != nil {
				t.Fatal(err)
			}
			time.Sleep(5 * time.Millisecond)
		}
		pass()
		if got := there(ann); got != "bob 200×1" {
			t.Errorf("there is %s", got)
		}
		if n := len(changes); n < 4 || n > 25 {
			t.Errorf("%d changes were told of 200 updates in a second", n)
		}
	})
}

func TestPresence_many_updates_are_one_call(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, n := inMemory(t, tutti.Config{Authenticate: byName})
		room := n.connect(t, as("ann", core.RoadWS)).Topic("t").Presence()
		enter(t, room, 0)
		const last = 20_000
		calls, busy := 0, make(chan struct{})
		seen := ""
		room.Subscribe(func([]client.User) {
			if calls++; calls == 1 {
				<-busy
			}
			me, _ := room.Me()
			seen = string(me.State)
		})
		synctest.Wait()
		for i := range last {
			if err := room.Update(i + 1); err != nil {
				t.Fatal(err)
			}
			if i >= last-3 {
				pass()
			}
		}
		if got := there(room); got != fmt.Sprintf("ann %d×1", last) {
			t.Errorf("a handler that is slow holds back what is told: there is %s", got)
		}
		close(busy)
		pass()
		synctest.Wait()
		if seen != fmt.Sprint(last) || calls > 10 {
			t.Errorf("%d calls, the last of them with %s", calls, seen)
		}
	})
}

// What hello says of a member is what it said last, also where polls rest in between.
func TestPresence_states_do_not_go_back(t *testing.T) {
	onRoads(t, "PRES-3_PRES-6", func(t *testing.T, road string, n *network) {
		ann := n.connect(t, as("ann", core.RoadWS)).Topic("t").Presence()
		newest := 0
		ann.OnChange(func(c client.PresenceChange) {
			for _, u := range slices.Concat(c.Joins, c.Updates) {
				var state int
				if err := u.Decode(&state); err != nil || state < newest {
					t.Errorf("behind %d is told %s: %v", newest, u.State, err)
				}
				newest = state
			}
		})
		pass()
		bob := n.connect(t, as("bob", road)).Topic("t").Presence()
		enter(t, bob, 0)
		for i := range 600 {
			time.Sleep(97_300 * time.Microsecond) // never just when a poll begins: which of two requests comes first is the network's
			if err := bob.Update(i + 1); err != nil {
				t.Fatal(err)
			}
		}
		pass()
		if got := there(ann); got != "bob 600×1" {
			t.Errorf("there is %s", got)
		}
	})
}

func TestPresence_refused(t *testing.T) {
	for _, road := range allRoads {
		t.Run("PRES-1,PRES-3,PRES-12_"+road, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { refused(t, road) })
		})
	}
}

func refused(t *testing.T, road string) {
	_, n := inMemory(t, tutti.Config{Authenticate: byName, Namespaces: map[string]tutti.Namespace{
		"none": {Presence: tutti.Presence{Mode: tutti.PresenceNone}}, "few": {Presence: tutti.Presence{Mode: tutti.PresenceCount}}, "default": {},
	}})
	c := n.connect(t, as("ann", road))
	none := c.Topic("none:a").Presence()
	told := watch(none)
	wantCode(t, none.Enter(t.Context(), nil), protocol.WrongType)
	told.tells(t, "error wrong_type")
	if _, ok := none.Me(); ok {
		t.Error("PRES-1: the client is where it may not be")
	}

	few := c.Topic("few:a").Presence()
	enter(t, few, nil)
	few.Subscribe(func([]client.User) {})
	pass()
	if few.Count() != 1 || len(few.Users()) != 0 {
		t.Errorf("PRES-12: %d users, listed %v", few.Count(), few.Users())
	}

	room := c.Topic("t").Presence()
	told = watch(room)
	pass()
	wantCode(t, room.Enter(t.Context(), func() {}), protocol.BadMessage)
	wantCode(t, room.Enter(t.Context(), strings.Repeat("x", 5000)), protocol.TooLarge)
	enter(t, room, nil)
	pass()
	told.tells(t, "join ann")
	if err := room.Signal("tutti:no", nil); err != nil {
		t.Fatal(err)
	}
	if err := room.Update(strings.Repeat("x", 5000)); err != nil {
		t.Fatal(err)
	}
	pass()
	told.tells(t, "error bad_name", "error too_large")

	n.cut()
	time.Sleep(time.Minute)
	told.tells(t, "error too_large", "leave ann") // hello says that state too
	if _, ok := room.Me(); ok {
		t.Error("PRES-3: the client is there in a state that no server takes")
	}
	if c.Status().State != core.Live {
		t.Errorf("the client is %+v", c.Status())
	}
	if _, err := c.Topic("t").Publish(t.Context(), 1, client.PublishOptions{}); err != nil {
		t.Error(err)
	}
	enter(t, room, 1)
}

// An error that could as well be an update's lets those wait.
func TestPresence_signals_beyond_the_rate(t *testing.T) {
	onRoads(t, "PRES-14_are_lost", func(t *testing.T, road string, n *network) {
		ann := n.connect(t, as("ann", core.RoadWS)).Topic("t").Presence()
		signals := 0
		ann.OnSignal(func(client.Signal) { signals++ })
		room := n.connect(t, as("bob", road)).Topic("t").Presence()
		room.OnError(func(err error) { t.Error(err) })
		enter(t, room, 0)
		pass()
		for range 50 {
			if err := room.Signal("wave", nil); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(100 * time.Millisecond)
		if err := room.Update(1); err != nil {
			t.Fatal(err)
		}
		time.Sleep(100 * time.Millisecond)
		if got := there(ann); got != "bob 0×1" {
			t.Errorf("there is %s", got)
		}
		pass()
		synctest.Wait()
		if got := there(ann); got != "bob 1×1" || signals < 20 || signals > 40 {
			t.Errorf("there is %s, who called %d times", got, signals)
		}
	})
}

func TestPresence_waits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, n := inMemory(t, tutti.Config{Authenticate: byName})
		n.set(hold, "/v1/ws")
		c := n.connect(t, as("ann", core.RoadWS))
		room := c.Topic("t").Presence()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		err := room.Enter(ctx, 1)
		wantCode(t, err, protocol.Timeout)
		if me, ok := room.Me(); !ok || string(me.State) != "1" || me.Client != "" {
			t.Errorf("own is %+v, %v", me, ok)
		}
		lists := make(chan []client.User, 100)
		remove := room.Subscribe(func(users []client.User) { lists <- users })
		if first := receive(t, lists, 1)[0]; len(first) != 0 {
			t.Errorf("at first there is %v", first)
		}
		n.set("", "/v1/ws")
		c.Connect()
		for len(receive(t, lists, 1)[0]) == 0 {
		}
		remove()
		remove()
		pass()
		if users := room.Users(); len(users) != 0 {
			t.Errorf("nobody listens, and there is %v", users)
		}
		if _, ok := room.Me(); !ok {
			t.Error("who does not watch any more has left")
		}
		c.Close()
		wantCode(t, room.Enter(t.Context(), nil), protocol.Closed)
		wantCode(t, room.Leave(t.Context()), protocol.Closed)
		wantCode(t, room.Update(1), protocol.Closed)
	})
}
