package presence

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/tuttisync/tutti/protocol"
)

const grace = 5000

// world is a naive server, which remembers each version whole, and its watchers.
type world struct {
	t        *rapid.T
	now      int64
	epoch    int
	list     int // how many are listed
	past     [][]seen
	watchers []*watcher
	away     []protocol.Member // who were there when the server was started anew, and may come back
	back     int64             // until when
	states   int
}

// seen is a member, and the version with which it entered.
type seen struct {
	protocol.Member
	version int
}

// watcher is a view, and what it has been told of users.
type watcher struct {
	view   *View
	at     protocol.PresenceVersion
	linked bool
	there  map[string]bool
}

func (w *world) newest() []seen { return w.past[len(w.past)-1] }

func (w *world) listed(version int) []seen {
	all := w.past[version]
	return all[:min(len(all), w.list)]
}

func (w *world) epochName() string { return fmt.Sprint("epoch", w.epoch) }

func (w *world) state() jsontext.Value {
	w.states++
	return jsontext.Value(fmt.Sprint(w.states))
}

// enter lets a member enter, or changes its state.
func (w *world) enter(m protocol.Member) {
	next := slices.Clone(w.newest())
	if i := slices.IndexFunc(next, func(s seen) bool { return s.Client == m.Client }); i >= 0 {
		next[i].State = w.state()
	} else {
		m.State, m.Since = w.state(), w.now
		next = append(next, seen{m, len(w.past)})
	}
	w.past = append(w.past, next)
}

func (w *world) leave(client string) {
	w.past = append(w.past, slices.DeleteFunc(slices.Clone(w.newest()), func(s seen) bool { return s.Client == client }))
}

// restart lets the server forget everybody. Those who were there may come back.
func (w *world) restart() {
	w.away = nil
	for _, s := range w.newest() {
		w.away = append(w.away, s.Member)
	}
	w.epoch++
	w.past, w.back = [][]seen{nil}, w.now+grace
	for _, o := range w.watchers {
		o.linked = false
	}
}

// catchUp tells a watcher what it misses.
func (w *world) catchUp(o *watcher) {
	version := len(w.past) - 1
	if !o.linked {
		known := o.at.Epoch == w.epochName() && rapid.Bool().Draw(w.t, "remembered")
		m := &protocol.Watching{Epoch: w.epochName(), Version: o.at.Version, Recovered: known, Grace: grace}
		if !known {
			m.Version = uint64(version)
			for _, s := range w.listed(version) {
				m.Members = append(m.Members, s.Member)
			}
		}
		m.Count, m.Users = w.count(int(m.Version))
		first := o.view.known
		change, ok := o.view.Watching(w.now, m)
		if !ok {
			w.t.Fatalf("a gap at %v before %+v", o.view.at, m)
		}
		if !first {
			for _, u := range o.view.Users() {
				o.there[u.ID] = true
			}
		}
		o.take(w.t, change)
		o.linked, o.at = true, protocol.PresenceVersion{Epoch: m.Epoch, Version: m.Version}
	}
	if o.at.Version == uint64(version) {
		return
	}
	m := w.diff(int(o.at.Version), version)
	change, ok := o.view.Presence(m)
	if !ok {
		w.t.Fatalf("a gap at %v before %+v", o.view.at, m)
	}
	for _, s := range m.Shown {
		id := userOf(s.Client, s.User)
		joined := slices.ContainsFunc(change.Joins, func(u User) bool { return u.ID == id })
		if o.view.byUser[id] != nil && !joined {
			o.there[id] = true
		}
	}
	o.take(w.t, change)
	o.at.Version = m.Version
}

func (w *world) diff(from, to int) *protocol.Presence {
	before, after := w.listed(from), w.listed(to)
	m := &protocol.Presence{From: uint64(from), Version: uint64(to), Time: w.now}
	m.Count, m.Users = w.count(to)
	same := func(list []seen, s seen) int {
		return slices.IndexFunc(list, func(o seen) bool { return o.Client == s.Client && o.version == s.version })
	}
	for _, s := range before {
		if same(after, s) < 0 {
			m.Leaves = append(m.Leaves, protocol.MemberLeave{Client: s.Client, User: s.User, Time: w.now})
		}
	}
	for _, s := range after {
		i := same(before, s)
		switch {
		case i < 0 && s.version <= from:
			m.Shown = append(m.Shown, s.Member)
		case i < 0:
			m.Joins = append(m.Joins, s.Member)
		case !bytes.Equal(before[i].State, s.State):
			m.Updates = append(m.Updates, protocol.MemberUpdate{Client: s.Client, State: s.State})
		}
	}
	return m
}

func (w *world) count(version int) (members, users int) {
	all := map[string]bool{}
	for _, s := range w.past[version] {
		all[userOf(s.Client, s.User)] = true
	}
	return len(w.past[version]), len(all)
}

// take holds that joins and leaves of a user alternate.
func (o *watcher) take(t *rapid.T, c Change) {
	for _, u := range c.Joins {
		if o.there[u.ID] {
			t.Fatalf("PRES-13: %s joins twice", u.ID)
		}
		o.there[u.ID] = true
	}
	for _, u := range c.Updates {
		if !o.there[u.ID] {
			t.Fatalf("PRES-13: %s is changed and not there", u.ID)
		}
	}
	for _, u := range c.Leaves {
		if !o.there[u.ID] {
			t.Fatalf("PRES-13: %s leaves twice", u.ID)
		}
		delete(o.there, u.ID)
	}
}

// fold is the naive twin of what a view shows of its members.
func fold(members []seen) []User {
	var all []User
	for _, s := range members {
		id := userOf(s.Client, s.User)
		i := slices.IndexFunc(all, func(u User) bool { return u.ID == id })
		if i < 0 {
			i, all = len(all), append(all, User{ID: id, Name: s.Name})
		}
		all[i].Sessions = append(all[i].Sessions, s.Member)
	}
	return all
}

var byEntering = cmpopts.SortSlices(func(a, b User) int { return cmp.Compare(a.ID, b.ID) })

// check holds that a watcher who has been told everything shows the truth.
func (w *world) check(o *watcher) {
	want := fold(w.listed(len(w.past) - 1))
	if diff := gocmp.Diff(want, o.view.Users(), byEntering, cmpopts.EquateEmpty(), cmpopts.IgnoreFields(User{}, "State", "LastSeen")); diff != "" {
		w.t.Fatalf("PRES-8: who is there (-want +got):\n%s", diff)
	}
	if _, users := w.count(len(w.past) - 1); users != o.view.Count() {
		w.t.Fatalf("PRES-8: %d users, not %d", o.view.Count(), users)
	}
	for _, u := range o.view.Users() {
		if !o.there[u.ID] {
			w.t.Fatalf("PRES-13: nobody told that %s came", u.ID)
		}
		delete(o.there, u.ID)
	}
	for id := range o.there {
		w.t.Fatalf("PRES-13: nobody told that %s left", id)
	}
}

func TestView_PRES8_PRES13_shows_the_truth(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := &world{t: t, now: 1, past: [][]seen{nil}, list: rapid.SampledFrom([]int{1000, 1000, 3}).Draw(t, "list")}
		for range 3 {
			w.watchers = append(w.watchers, &watcher{view: new(View), there: map[string]bool{}})
		}
		for range rapid.IntRange(0, 60).Draw(t, "steps") {
			w.step()
		}
		w.now += grace
		for _, o := range w.watchers {
			w.catchUp(o)
			w.now += grace
			o.take(t, o.view.Tick(w.now))
			w.check(o)
		}
	})
}

func (w *world) step() {
	t := w.t
	client := rapid.SampledFrom([]string{"a", "b", "c", "d", "e", "f"}).Draw(t, "client")
	member := protocol.Member{Client: client, User: map[string]string{"a": "ann", "b": "ann", "c": "cem", "d": "cem"}[client]}
	o := rapid.SampledFrom(w.watchers).Draw(t, "watcher")
	switch rapid.SampledFrom([]string{"enter", "enter", "leave", "told", "told", "told", "cut", "gap", "restart", "time"}).Draw(t, "what") {
	case "enter":
		w.enter(member)
	case "leave":
		w.leave(client)
	case "told":
		w.catchUp(o)
	case "cut":
		o.linked = false
	case "gap":
		if _, ok := o.view.Presence(&protocol.Presence{From: o.at.Version + 1, Version: o.at.Version + 2}); ok {
			t.Fatal("PRES-8: a gap was taken")
		}
		o.linked = false
	case "restart":
		w.restart()
	case "time":
		w.now += rapid.Int64Range(1, grace).Draw(t, "passes")
		for _, o := range w.watchers {
			o.take(t, o.view.Tick(w.now))
			if o.view.Wish() <= w.now {
				t.Fatal("the view wishes for what has been")
			}
		}
	}
	for _, m := range w.away {
		if w.now < w.back && rapid.Bool().Draw(t, "comes back") {
			w.enter(m)
		}
	}
	w.away = nil
}

func TestView_PRES13_a_restart_does_not_flap(t *testing.T) {
	ann, bob := protocol.Member{Client: "a", User: "ann", Since: 1}, protocol.Member{Client: "b", Since: 2}
	v := new(View)
	v.Watching(0, &protocol.Watching{Epoch: "e1", Version: 3, Count: 2, Users: 2, Grace: grace, Members: []protocol.Member{ann, bob}})
	told, _ := v.Watching(1000, &protocol.Watching{Epoch: "e2", Version: 1, Grace: grace})
	if len(told.Leaves) > 0 || len(v.Users()) != 2 || v.Wish() != 6000 {
		t.Fatalf("at the restart: %+v, %v, a wish for %d", told, v.Users(), v.Wish())
	}
	ann.Since = 9
	told, ok := v.Presence(&protocol.Presence{From: 1, Version: 2, Time: 9, Count: 1, Users: 1, Joins: []protocol.Member{ann}})
	if !ok || len(told.Joins)+len(told.Leaves) > 0 || len(told.Updates) != 1 {
		t.Fatalf("ann is back: %+v, %v", told, ok)
	}
	if told := v.Tick(5999); len(told.Leaves) > 0 {
		t.Fatalf("too soon: %+v", told)
	}
	if told := v.Tick(6000); len(told.Leaves) != 1 || told.Leaves[0].ID != "b" || v.Wish() != Never {
		t.Fatalf("bob did not come back: %+v", told)
	}
}
