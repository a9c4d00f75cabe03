package crdt

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

func TestPayload_CRDT3_items(t *testing.T) {
	if testing.Short() {
		t.Skip("reads millions of items")
	}
	numbered := func(n int, format string) string {
		var b strings.Builder
		for i := range n {
			if i > 0 {
				b.WriteByte(',')
			}
			fmt.Fprintf(&b, format, i)
		}
		return b.String()
	}
	for _, c := range []struct {
		name, kind, payload string
		taken               bool
	}{
		{"counts", "GCounter", `{"replicaId":"b","counts":[` + numbered(MaxItems+1, `["%d",1]`) + `]}`, false},
		{"the greatest number of items", "ORSet", `{"replicaId":"b","seen":[],"elements":[],"apart":[["x",[` + numbered(MaxItems-1, `1%d`) + `]]]}`, true},
		{"dots of one id apart", "ORSet", `{"replicaId":"b","seen":[],"elements":[],"apart":[["x",[` + numbered(MaxItems, `1%d`) + `]]]}`, false},
		{"dots of one element", "ORSet", `{"replicaId":"b","seen":[["x",9000000]],"elements":[["e",[` + numbered(MaxItems, `["x",1%d]`) + `]]]}`, false},
		{"never ending", "LWWMap", `{"replicaId":"b","entries":[` + numbered(MaxItems+1, `["%d",[0,0,"b"]]`), false},
		{"a value counts nothing", "LWWRegister", `{"replicaId":"b","stamp":[0,0,"b"],"value":[` + numbered(MaxItems+1, `1%d`) + `]}`, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := newDevice(c.kind, "a").ApplyPayload(jsontext.Value(c.payload))
			switch {
			case c.taken && err != nil:
				t.Error(err)
			case !c.taken && (CodeOf(err) != BadPayload || !strings.Contains(err.Error(), "more than 1000000 items")):
				t.Errorf("%v, want bad_payload", err)
			}
		})
	}
}

// JSON that nests without end is refused, however the brackets stand.
func TestPayload_CRDT6_depth(t *testing.T) {
	for _, open := range []string{"[", `{"a":`, `[[{"a":`} {
		for _, before := range []string{
			``, `{"replicaId":`, `{"replicaId":"b","stamp":`, `{"replicaId":"b","stamp":[0,0,"b"],"value":`,
			`{"replicaId":"b","seen":[`, `{"replicaId":"b","elements":[[`, `{"replicaId":"b","unknown":`,
		} {
			for kind := range kinds {
				p := jsontext.Value(before + strings.Repeat(open, 200_000))
				if err := newDevice(kind, "a").ApplyPayload(p); CodeOf(err) != BadPayload {
					t.Errorf("%s, %s…: %v", kind, p[:min(len(p), 60)], err)
				}
			}
		}
	}
}

func TestBadPayload_CRDT2_says_where(t *testing.T) {
	for _, c := range []struct{ kind, payload, want string }{
		{"GCounter", `{"replicaId":"b","counts":[["b",1],["c",0]]}`, "bad_payload: At /counts/1/1: a whole number from 1 to 9007199254740991 is wanted."},
		{"GCounter", `{"replicaId":"b"}`, "bad_payload: The payload: counts is missing."},
		{"GCounter", `[]`, "bad_payload: The payload: an object is wanted."},
		{"GCounter", `{"more":1}`, "bad_payload: At /more: there is no such member."},
		{"GCounter", `{"counts":[["b"]]}`, "bad_payload: At /counts/0/0: the array is too short."},
		{"LWWMap", `{"entries":[["k",[0,0,"b"],{"x":[1e99]}]]}`, "bad_payload: At /entries/0/2: the value has a number past 2^53−1."},
		{"ORSet", `{"replicaId":"b","seen":[],"elements":[["v",[["b",7]]]]}`, "bad_payload: At /elements: neither seen nor apart holds the dot [b, 7]."},
	} {
		if err := newDevice(c.kind, "a").ApplyPayload(jsontext.Value(c.payload)); err == nil || err.Error() != c.want {
			t.Errorf("%s:\n got %v\nwant %s", c.payload, err, c.want)
		}
	}
}

// What others sent is quoted, but not at any length.
func TestBadPayload_CRDT2_message_is_short(t *testing.T) {
	long := strings.Repeat("é", 1_000_000)
	for _, payload := range []string{
		`{"` + long + `":1}`, `{"entries":[["k",[0,0,"b"],{"` + long + `":1e99}]]}`,
		`{"entries":[["` + long + `",[0,0,"b"]],["` + long + `",[0,0,"b"]]]}`,
		`{"entries":[["k",[0,0,"b"],{"` + long + `":1,"` + long + `":1}]]}`,
	} {
		err := newDevice("LWWMap", "a").ApplyPayload(jsontext.Value(payload))
		if CodeOf(err) != BadPayload || len(err.Error()) > 1000 || !utf8.ValidString(err.Error()) {
			t.Errorf("%d bytes: %.200v", len(err.Error()), err)
		}
	}
}

// A set that a million additions and removals went through is as small as it was
// at first, and so is one that heard of them out of order.
func TestORSet_CRDT16_does_not_grow(t *testing.T) {
	pairs := 1_000_000
	if testing.Short() {
		pairs = 20_000
	}
	set, peer := NewORSet[int](), NewORSet[int]()
	set.renew("a")
	peer.renew("b")
	if _, err := peer.Add(-1); err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(1, 2))
	var late []jsontext.Value
	for i := range pairs {
		added, err := set.Add(i % 1000)
		if err != nil {
			t.Fatal(err)
		}
		removed, err := set.Remove(i % 1000)
		if err != nil {
			t.Fatal(err)
		}
		if i >= pairs-2000 {
			late = append(late, added, removed)
		}
	}
	if err := peer.Merge(set); err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf(`{"elements":[],"replicaId":"a","seen":[["a",%d]]}`, pairs)
	if got := string(set.Payload()); got != want {
		t.Errorf("after %d pairs: %.200s", pairs, got)
	}
	if o := set.dots.origins["a"]; len(o.live)+len(o.apart)+len(set.dots.elements) > 0 {
		t.Errorf("%d dots, %d apart and %d elements are left", len(o.live), len(o.apart), len(set.dots.elements))
	}

	other := NewORSet[int]()
	other.renew("c")
	if err := other.ApplyPayload(jsontext.Value(fmt.Sprintf(`{"replicaId":"a","seen":[["a",%d]],"elements":[]}`, pairs-2000))); err != nil {
		t.Fatal(err)
	}
	random.Shuffle(len(late), func(i, j int) { late[i], late[j] = late[j], late[i] })
	for _, p := range late {
		if err := other.ApplyPayload(p); err != nil {
			t.Fatal(err)
		}
	}
	if got := string(other.Payload()); got != strings.Replace(want, `"a","seen"`, `"c","seen"`, 1) {
		t.Errorf("by deltas out of order: %.200s", got)
	}
	if want := `{"elements":[[-1,[["b",1]]]],"replicaId":"b","seen":[["a",` + strconv.Itoa(pairs) + `],["b",1]]}`; string(peer.Payload()) != want {
		t.Errorf("the peer: %.200s", peer.Payload())
	}
}

func TestReplica_CRDT7_fresh_ids(t *testing.T) {
	seen := make(map[string]bool)
	for kind, make := range kinds {
		for range 100 {
			s := make(Clock{})
			first := s.ReplicaID()
			s.Renew()
			for _, id := range []string{first, s.ReplicaID()} {
				if len(id) != 22 || !isReplicaID([]byte(id)) || seen[id] {
					t.Fatalf("%s: %q is no fresh id", kind, id)
				}
				seen[id] = true
			}
		}
	}
}

func TestClock_CRDT12_default_is_the_system(t *testing.T) {
	r, other := NewLWWRegister[string](Clock{}), NewLWWRegister[string](Clock{})
	before := time.Now().UnixMilli()
	if _, err := r.Set("now"); err != nil {
		t.Fatal(err)
	}
	if ms := r.held.stamp.ms; ms < before || ms > time.Now().UnixMilli() {
		t.Errorf("stamped with %d at %d", ms, before)
	}
	ahead := fmt.Sprintf(`{"replicaId":"b","stamp":[%d,0,"b"],"value":"then"}`, time.Now().Add(2*DefaultMaxSkew).UnixMilli())
	if err := r.ApplyPayload(jsontext.Value(ahead)); CodeOf(err) != ClockSkew {
		t.Errorf("two minutes ahead: %v", err)
	}
	if err := other.Merge(r); err != nil {
		t.Error(err)
	}
}

func TestValue_CRDT6_Go_types(t *testing.T) {
	type item struct {
		Name string `json:"name"`
		Tags []int  `json:"tags"`
	}
	set := NewORSet[item]()
	if _, err := set.Add(item{"a", nil}); err != nil {
		t.Fatal(err)
	}
	if !set.Has(item{"a", []int{}}) || set.Has(item{"b", nil}) {
		t.Error("elements are compared by their JSON")
	}
	bad := NewLWWMap[any](Clock{})
	for _, v := range []any{func() {}, make(chan int), "\xff", 1 << 53, jsontext.Value(`{"a":1,"a":2}`), jsontext.Value(`"\ud800"`), jsontext.Value(`nul`)} {
		if _, err := bad.Set("k", v); CodeOf(err) != BadValue {
			t.Errorf("set %v: %v", v, err)
		}
	}
	if _, err := bad.Set("\xff", 1); CodeOf(err) != BadValue {
		t.Errorf("a key that is not UTF-8: %v", err)
	}
	if bad.Len() != 0 || string(bad.Payload()) != `{"entries":[],"replicaId":"`+bad.ReplicaID()+`"}` {
		t.Errorf("refused, and there: %s", bad.Payload())
	}

	numbers, texts := NewLWWRegister[int](Clock{}), NewLWWRegister[string](Clock{})
	delta, err := texts.Set("x")
	if err != nil {
		t.Fatal(err)
	}
	if err := numbers.ApplyPayload(delta); err != nil {
		t.Fatal(err)
	}
	if _, err := numbers.Value(); CodeOf(err) != BadValue {
		t.Errorf("a string read as a number: %v", err)
	}
	if string(numbers.Payload()) != strings.Replace(string(delta), texts.ReplicaID(), numbers.ReplicaID(), 1) {
		t.Errorf("it is handed on all the same: %s", numbers.Payload())
	}
}
