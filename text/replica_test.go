package text

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// scribble makes a random change.
func scribble(t testing.TB, random *rand.Rand, r *Replica) {
	t.Helper()
	at := random.IntN(r.Len() + 1)
	var err error
	switch kind := random.IntN(6); {
	case kind < 2 && at < r.Len():
		err = r.Delete(at, 1+random.IntN(min(4, r.Len()-at)))
	case kind == 2 && at < r.Len():
		err = r.Replace(at, 1, "é😀")
	case kind == 3 && at > 2:
		for i := range 3 {
			if err == nil {
				err = r.Delete(at-1-i, 1)
			}
		}
	default:
		for i := range 1 + random.IntN(3) {
			if err == nil {
				err = r.Insert(at+i, string([]rune("abc漢")[random.IntN(4)]))
			}
		}
	}
	if err != nil {
		t.Fatal(err)
	}
}

func since(t testing.TB, r *Replica, v Version) []byte {
	t.Helper()
	update, err := r.Since(v)
	if err != nil {
		t.Fatal(err)
	}
	return update
}

func version(t testing.TB, r *Replica) Version {
	t.Helper()
	v, err := r.Version()
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func clone(t testing.TB, r *Replica, agent string) *Replica {
	t.Helper()
	c, err := r.Clone(agent)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// merge merges an update, and checks what is told of it.
func merge(t testing.TB, r *Replica, update []byte) {
	t.Helper()
	before := r.String()
	op, err := r.Merge(update)
	if err != nil {
		t.Fatal(err)
	}
	after, err := Apply(before, op)
	if err != nil || after != r.String() {
		t.Fatalf("%q became %q, and was told %v: %q, %v", before, r.String(), op, after, err)
	}
}

// TestReplica lets replicas edit and exchange updates: of all, of a part, twice,
// late, in any order. In the end all have the same.
func TestReplica(t *testing.T) {
	for seed := range seeds(1500, 100) {
		random := rand.New(rand.NewPCG(seed, 4))
		var all []*Replica
		for i := range 2 + random.IntN(3) {
			all = append(all, New(fmt.Sprint("agent ", i)))
		}
		var late [][]byte
		for range 10 + random.IntN(60) {
			r, from := all[random.IntN(len(all))], all[random.IntN(len(all))]
			switch random.IntN(6) {
			case 0:
				merge(t, r, since(t, from, version(t, r)))
			case 1: // only what comes behind something that r may lack
				v := version(t, from)
				for agent, ranges := range v {
					last := ranges[len(ranges)-1]
					v[agent] = [][2]int{{0, random.IntN(last[1] + 1)}}
				}
				late = append(late, since(t, from, v))
			case 2:
				if len(late) > 0 {
					merge(t, r, late[random.IntN(len(late))])
				}
			default:
				scribble(t, random, r)
			}
		}
		for _, r := range all {
			for _, from := range all {
				merge(t, r, since(t, from, version(t, r)))
				merge(t, r, since(t, from, nil))
			}
		}
		for _, r := range all[1:] {
			for _, from := range all {
				merge(t, r, since(t, from, version(t, r)))
			}
			merge(t, all[0], since(t, r, version(t, all[0])))
		}
		for _, r := range all {
			merge(t, r, since(t, all[0], version(t, r)))
			if got, want := r.String(), all[0].String(); got != want {
				t.Fatalf("seed %d: %s has %q, and another %q", seed, r.Agent(), got, want)
			}
			if !reflect.DeepEqual(version(t, r), version(t, all[0])) || len(r.held) > 0 {
				t.Fatalf("seed %d: the versions are %v and %v; %d are held", seed, version(t, r), version(t, all[0]), len(r.held))
			}
			if since(t, r, version(t, all[0])) != nil {
				t.Fatalf("seed %d: there is something since the same version", seed)
			}
		}
		again := clone(t, all[0], "a copy")
		scribble(t, random, again)
		merge(t, all[0], since(t, again, version(t, all[0])))
		if again.String() != all[0].String() {
			t.Fatalf("seed %d: the copy has %q, and its origin %q", seed, again.String(), all[0].String())
		}
	}
}

func TestReplica_what_is_not_taken_changes_nothing(t *testing.T) {
	ann, bob := New("ann"), New("bob")
	for i, text := range []string{"hello", "😀", "wörld"} {
		if err := ann.Insert(i, text); err != nil {
			t.Fatal(err)
		}
	}
	merge(t, bob, since(t, ann, nil))
	if err := bob.Delete(1, 3); err != nil {
		t.Fatal(err)
	}
	if err := ann.Insert(4, "x"); err != nil {
		t.Fatal(err)
	}
	update := since(t, bob, nil)
	state := func(r *Replica) string {
		h := &r.history
		return fmt.Sprint(r.String(), version(t, r), h.graph.runs, h.agents.names, h.agents.byName, h.agents.runs, h.agents.own, h.ops, h.content, h.end, r.version)
	}
	before := state(ann)
	random := rand.New(rand.NewPCG(1, 5))
	refused := 0
	for range 20000 {
		damaged := slices.Clone(update)
		for range 1 + random.IntN(3) {
			damaged[random.IntN(len(damaged))] ^= byte(1 << random.IntN(8))
		}
		if random.IntN(2) == 0 {
			damaged = damaged[:random.IntN(len(damaged)+1)]
		}
		if body := len(damaged) - 4; body > 0 {
			binary.LittleEndian.PutUint32(damaged[body:], crc32.ChecksumIEEE(damaged[:body]))
		}
		c := clone(t, ann, "ann")
		was := state(c)
		if _, err := c.Merge(damaged); err != nil {
			refused++
			if CodeOf(err) == "" {
				t.Fatalf("%v has no code", err)
			}
			if now := state(c); now != was {
				t.Fatalf("refused, %v, but it became\n%s\nfrom\n%s", err, now, was)
			}
		}
	}
	if refused < 1000 {
		t.Errorf("only %d were refused", refused)
	}
	if now := state(ann); now != before {
		t.Error("the original has changed")
	}
	for _, op := range []Op{Insert(99, "x"), Delete(0, 99), Insert(0, "\xff"), {{At: 0, Insert: "y"}, {At: 99, Delete: 1}}} {
		if err := ann.Edit(op); CodeOf(err) != BadOperation || state(ann) != before {
			t.Errorf("%v: %v", op, err)
		}
	}
}

func TestReplica_agent_reused(t *testing.T) {
	one, two := New("ann"), New("ann")
	if err := one.Insert(0, "a"); err != nil {
		t.Fatal(err)
	}
	if err := two.Insert(0, "bc"); err != nil {
		t.Fatal(err)
	}
	if _, err := one.Merge(since(t, two, nil)); CodeOf(err) != AgentReused {
		t.Errorf("got %v", err)
	}
	if one.String() != "a" {
		t.Errorf("the text is %q", one.String())
	}
}

func FuzzMerge(f *testing.F) {
	random := rand.New(rand.NewPCG(7, 7))
	base := New("ann")
	for range 20 {
		scribble(f, random, base)
	}
	other := clone(f, base, "bob")
	for range 10 {
		scribble(f, random, other)
		scribble(f, random, base)
	}
	f.Add(since(f, other, nil))
	f.Add(since(f, other, version(f, base)))
	f.Fuzz(func(t *testing.T, update []byte) {
		if body := len(update) - 4; body > 0 {
			binary.LittleEndian.PutUint32(update[body:], crc32.ChecksumIEEE(update[:body]))
		}
		r := clone(t, base, "cyd")
		before := r.String()
		op, err := r.Merge(update)
		if err != nil {
			if CodeOf(err) == "" || r.String() != before {
				t.Fatal(err)
			}
			return
		}
		if after, err := Apply(before, op); err != nil || after != r.String() {
			t.Fatalf("%q became %q, told %v", before, r.String(), op)
		}
		fresh := New("dan")
		if _, err := fresh.Merge(since(t, r, nil)); err != nil || fresh.String() != r.String() {
			t.Fatalf("another has %q, %v, want %q", fresh.String(), err, r.String())
		}
	})
}

func TestReplica_branches_that_part_and_meet_too_often_are_refused(t *testing.T) {
	var changes []Change
	const parts = 10_000
	for i := range parts {
		changes = append(changes, Change{Agent: "bob", Seq: 2 * i, Op: Insert(0, "x")})
	}
	before := Event{Agent: "bob"}
	for i := 1; i < parts; i++ {
		meets := []Event{before, {Agent: "bob", Seq: 2 * i}}
		changes = append(changes, Change{Agent: "eve", Seq: i - 1, Parents: meets, Op: Insert(0, "y")})
		before = Event{Agent: "eve", Seq: i - 1}
	}
	ann := New("ann")
	if err := ann.Insert(0, "a"); err != nil {
		t.Fatal(err)
	}
	_, err := ann.MergeChanges(changes)
	if CodeOf(err) != LimitExceeded {
		t.Fatalf("the error is %v, want limit_exceeded", err)
	}
	if got := ann.String(); got != "a" {
		t.Errorf("the text is %q, want it as it was", got)
	}
}

func TestReplica_changes_that_come_backwards_are_taken(t *testing.T) {
	const n = 50_000
	changes := make([]Change, n)
	for i := range changes {
		c := Change{Agent: "bob", Seq: i, Op: Insert(i, "x")}
		if i > 0 {
			c.Parents = []Event{{Agent: "bob", Seq: i - 1}}
		}
		changes[n-1-i] = c
	}
	ann := New("ann")
	if _, err := ann.MergeChanges(changes); err != nil {
		t.Fatal(err)
	}
	if got := ann.String(); got != strings.Repeat("x", n) {
		t.Errorf("the text has %d letters, want %d", len(got), n)
	}
}
