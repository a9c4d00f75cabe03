package presence

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tuttisync/tutti/protocol"
)

var settings = Config{Grace: 5000, Lease: 30_000, List: 4}

func enter(t *testing.T, r *Room, now int64, e Entry) {
	t.Helper()
	if err := r.Enter(now, e); err != nil {
		t.Fatal(err)
	}
}

func clients(members []protocol.Member) []string {
	all := []string{}
	for _, m := range members {
		all = append(all, m.Client)
	}
	return all
}

func TestRoom_PRES_5_an_end_within_the_grace_time_is_no_leave(t *testing.T) {
	r := New(settings)
	enter(t, r, 0, Entry{Client: "a", User: "alice", Run: 1, Holder: "one", State: []byte("1")})
	version := r.Version()
	r.Release(1000, "a", "one")
	r.Tick(5999)
	enter(t, r, 5999, Entry{Client: "a", User: "alice", Run: 2, Holder: "two", State: []byte("1")})
	r.Tick(100_000)
	if r.Version() != version || r.Count() != 1 {
		t.Errorf("PRES-5: version %d is %d, %d members", version, r.Version(), r.Count())
	}
	r.Release(100_000, "a", "two")
	r.Tick(104_999)
	if r.Count() != 1 {
		t.Error("PRES-5: it left before the grace time was over")
	}
	r.Tick(105_000)
	if r.Count() != 0 || r.Users() != 0 {
		t.Errorf("PRES-5: after the grace time there are %d members", r.Count())
	}
	if d := cmp.Diff([]protocol.LeftUser{{User: "alice", Time: 105_000}}, r.Left()); d != "" {
		t.Errorf("PRES-8: %s", d)
	}
}

func TestRoom_PRES_4_only_the_holder_lets_go(t *testing.T) {
	r := New(settings)
	enter(t, r, 0, Entry{Client: "a", Run: 1, Holder: "one"})
	enter(t, r, 0, Entry{Client: "a", Run: 2, Holder: "two"})
	r.Release(0, "a", "one")
	if _, ok := r.Due(); ok {
		t.Error("PRES-4: the end of a connection that holds nothing let the member go")
	}
	err := r.Enter(0, Entry{Client: "a", Run: 1, Holder: "three"})
	if err == nil || err.Code != protocol.StaleRun {
		t.Errorf("PRES-4: a lower run is %v", err)
	}
	r.Release(0, "a", "two")
	if at, ok := r.Due(); !ok || at != 5000 {
		t.Errorf("PRES-4: the holder's end is over at %d, %v", at, ok)
	}
}

func TestRoom_PRES_6_a_lease_is_renewed(t *testing.T) {
	r := New(settings)
	enter(t, r, 0, Entry{Client: "a"})
	enter(t, r, 25_000, Entry{Client: "a"})
	r.Tick(54_999)
	if err := r.Update(54_999, "a", []byte("1")); err != nil {
		t.Errorf("PRES-6: %v", err)
	}
	r.Tick(84_998)
	if r.Count() != 1 {
		t.Error("PRES-6: it left before the lease was over")
	}
	r.Tick(84_999)
	if r.Count() != 0 {
		t.Error("PRES-6: the lease is over, and it is there")
	}
	if err := r.Update(0, "a", nil); err == nil || err.Code != protocol.NotFound {
		t.Errorf("PRES-3: an update of one who is not there is %v", err)
	}
}

// One of plain HTTP that says that it goes is there for the grace time, but never
// longer than its lease.
func TestRoom_PRES_17_away(t *testing.T) {
	for at, want := range map[int64]int64{1000: 6000, 28_000: 30_000} {
		r := New(settings)
		enter(t, r, 0, Entry{Client: "a"})
		r.Away(at, "a")
		if due, ok := r.Due(); !ok || due != want {
			t.Errorf("PRES-17: away at %d, it is over at %d, not %d", at, due, want)
		}
	}
}

func TestRoom_PRES_13_a_user_has_left_with_its_last_member(t *testing.T) {
	r := New(settings)
	enter(t, r, 0, Entry{Client: "desk", User: "alice", Name: "Alice"})
	enter(t, r, 0, Entry{Client: "phone", User: "alice"})
	r.Leave(1, "phone")
	if len(r.Left()) != 0 || r.Users() != 1 {
		t.Errorf("PRES-13: %+v left, %d are there", r.Left(), r.Users())
	}
	r.Leave(2, "desk")
	if d := cmp.Diff([]protocol.LeftUser{{User: "alice", Name: "Alice", Time: 2}}, r.Left()); d != "" {
		t.Errorf("PRES-13: %s", d)
	}
	enter(t, r, 3, Entry{Client: "desk", User: "alice"})
	if len(r.Left()) != 0 {
		t.Errorf("PRES-8: one who is there has left: %+v", r.Left())
	}
}

func TestRoom_PRES_12_the_next_takes_the_place_of_a_listed_one(t *testing.T) {
	r := New(settings)
	for i := range 6 {
		enter(t, r, 0, Entry{Client: fmt.Sprint(i), Holder: i})
	}
	if d := cmp.Diff([]string{"0", "1", "2", "3"}, clients(r.Members())); d != "" {
		t.Error(d)
	}
	version := r.Version()
	r.Leave(0, "1")
	r.Leave(0, "5")
	p, ok := r.Since(version)
	if !ok || p.Count != 4 || len(p.Leaves) != 1 || len(p.Joins) != 0 || len(p.Shown) != 1 || p.Shown[0].Client != "4" {
		t.Errorf("PRES-12: %+v", p)
	}
	if p, _ := r.Since(0); len(p.Joins) != 4 || len(p.Shown) != 0 {
		t.Errorf("PRES-12: to one who was there before all, %+v", p)
	}
	page, more := r.Page("2", 1)
	if d := cmp.Diff([]string{"3"}, clients(page)); d != "" || !more {
		t.Errorf("PRES-16: %s, more %v", d, more)
	}
}

// Where few are there few leaves are remembered, however many there have been.
func TestRoom_PRES_10_memory_follows_the_members(t *testing.T) {
	r := New(settings)
	enter(t, r, 0, Entry{Client: "stays"})
	var version uint64
	for i := range 10_000 {
		if i == 10_000-leastRemembered {
			version = r.Version()
		}
		enter(t, r, 0, Entry{Client: "goes"})
		r.Leave(0, "goes")
	}
	if n := cap(r.departures); n > 4*leastRemembered {
		t.Errorf("PRES-10: there is room for %d departures", n)
	}
	if p, ok := r.Since(version); !ok || len(p.Leaves) != leastRemembered {
		t.Errorf("PRES-10: of the last %d leaves %d are known, %v", leastRemembered, len(p.Leaves), ok)
	}
	if r.Knows(1) {
		t.Error("PRES-10: the first leaves are known")
	}
}

func TestRoom_PRES_14_a_signal_is_told_once(t *testing.T) {
	r := New(settings)
	if err := r.Call("a", "wave", nil); err == nil || err.Code != protocol.NotFound {
		t.Errorf("PRES-14: one who is not there called: %v", err)
	}
	for i := range maxSignals {
		client := fmt.Sprint("a", i/memberSignals)
		enter(t, r, 0, Entry{Client: client, User: "alice"})
		if err := r.Call(client, "wave", nil); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.Call("a0", "wave", nil); err == nil || err.Code != protocol.RateLimited {
		t.Errorf("PRES-14: one more than a member may is %v", err)
	}
	enter(t, r, 0, Entry{Client: "a"})
	if err := r.Call("a", "wave", nil); err == nil || err.Code != protocol.RateLimited {
		t.Errorf("PRES-14: one more than the topic takes is %v", err)
	}
	if n := len(r.Flush()); n != maxSignals {
		t.Errorf("PRES-14: %d signals were told", n)
	}
	if n := len(r.Flush()); n != 0 {
		t.Errorf("PRES-14: %d signals were told again", n)
	}
	if err := r.Call("a0", "wave", nil); err != nil {
		t.Errorf("PRES-14: after a flush %v", err)
	}
}

// watcher does what a watcher does with what it is told.
type watcher struct {
	version uint64
	members []protocol.Member
	count   int
}

func (w *watcher) start(r *Room) {
	w.version, w.members, w.count = r.Version(), r.Members(), r.Count()
}

func (w *watcher) hear(t *testing.T, r *Room) {
	t.Helper()
	p, ok := r.Since(w.version)
	if !ok {
		w.start(r)
		return
	}
	for _, l := range p.Leaves {
		w.members = slices.DeleteFunc(w.members, func(m protocol.Member) bool { return m.Client == l.Client })
	}
	for _, m := range p.Shown {
		if i := w.find(m.Client); i >= 0 {
			w.members[i] = m
		} else {
			w.members = append(w.members, m)
		}
	}
	for _, m := range p.Joins {
		if w.find(m.Client) >= 0 {
			t.Errorf("PRES-8: %s joins, and is there", m.Client)
		}
		w.members = append(w.members, m)
	}
	for _, u := range p.Updates {
		i := w.find(u.Client)
		if i < 0 {
			t.Fatalf("PRES-8: an update of %s, who is not there", u.Client)
		}
		w.members[i].State = u.State
	}
	w.version, w.count = p.Version, p.Count
}

func (w *watcher) find(client string) int {
	return slices.IndexFunc(w.members, func(m protocol.Member) bool { return m.Client == client })
}

// Watchers who hear seldom and often see what is there, through hundreds of
// changes of a room that has more members than it lists.
func TestRoom_PRES_8_watchers_see_what_is_there(t *testing.T) {
	for seed := range uint64(300) {
		random := rand.New(rand.NewPCG(seed, 8))
		r := New(settings)
		var now int64
		watchers := make([]watcher, 5)
		for range 400 {
			act(random, r, &now)
			for i := range watchers {
				if random.IntN(1+20*i) == 0 {
					watchers[i].hear(t, r)
				}
			}
			check(t, r)
		}
		for i := range watchers {
			watchers[i].hear(t, r)
			if d := cmp.Diff(r.Members(), watchers[i].members); d != "" || watchers[i].count != r.Count() {
				t.Fatalf("PRES-8: seed %d, watcher %d: %s", seed, i, d)
			}
		}
	}
}

// act does something to a room.
func act(random *rand.Rand, r *Room, now *int64) {
	n := random.IntN(12)
	client, user := fmt.Sprint("c", n), ""
	if n%3 > 0 {
		user = fmt.Sprint("u", n%4)
	}
	*now += random.Int64N(3000)
	r.Tick(*now)
	switch random.IntN(8) {
	case 0, 1, 2:
		var holder Holder
		if random.IntN(3) > 0 {
			holder = random.IntN(3)
		}
		_ = r.Enter(*now, Entry{ // a lower run is refused
			Client: client, User: user, Name: fmt.Sprint("n", random.IntN(2)), Run: uint64(random.IntN(3)), Holder: holder,
			State: fmt.Append(nil, random.IntN(5)),
		})
	case 3, 4:
		_ = r.Update(*now, client, fmt.Append(nil, random.IntN(5)))
	case 5:
		r.Leave(*now, client)
	case 6:
		r.Release(*now, client, random.IntN(3))
	case 7:
		r.Away(*now, client)
	}
}

// check compares a room with what its members say.
func check(t *testing.T, r *Room) {
	t.Helper()
	users := map[string]int{}
	seen, guests, bytes := 0, 0, 0
	for m := r.order.first; m != nil; m = m.links[byOrder].next {
		seen++
		if m.lease.user == "" {
			guests++
		} else {
			users[m.lease.user]++
		}
		for _, l := range append([]*lease{m.lease}, m.more...) {
			bytes += MemberBytes + len(l.state)
		}
		if m.listed != (seen <= r.config.List) {
			t.Fatalf("PRES-12: member %d of the room is listed: %v", seen, m.listed)
		}
	}
	if seen != len(r.members) || bytes != r.bytes {
		t.Fatalf("%d members of %d, %d bytes of %d", seen, len(r.members), bytes, r.bytes)
	}
	if d := cmp.Diff(users, r.users); d != "" || guests != r.guests {
		t.Fatalf("%d guests of %d; %s", guests, r.guests, d)
	}
	for i, m := range r.due {
		if m.slot != i+1 || m.due < r.due[0].due || m.own == nil || m.own.holder != nil {
			t.Fatalf("the member at %d of those whose time ends is %+v", i, m)
		}
	}
}
