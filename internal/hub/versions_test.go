package hub

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/tuttisync/tutti/auth"
	"github.com/tuttisync/tutti/doc/registry"
	"github.com/tuttisync/tutti/internal/topic"
	"github.com/tuttisync/tutti/protocol"
	"github.com/tuttisync/tutti/store"
)

// keep keeps a version of "d", and says whether its name is new.
func (n *node) keep(name string, at *uint64) (bool, error) {
	_, created, err := n.KeepVersion(context.Background(), Version{Identity: everyone, Topic: "d", Name: name, At: at})
	return created, err
}

// version is the value of a version of "d" and its offset, or the code.
func (n *node) version(name string) string {
	v, err := n.Version(context.Background(), Version{Identity: everyone, Topic: "d", Name: name})
	if err != nil {
		return string(codeOf(err))
	}
	return fmt.Sprint(string(v.Value), " at ", v.Offset)
}

// names are those of all versions of "d".
func (n *node) names() (names []string) {
	n.t.Helper()
	list, err := n.Versions(context.Background(), Version{Identity: everyone, Topic: "d"})
	must(n.t, err)
	for _, row := range list.Versions {
		var v VersionValue
		must(n.t, json.Unmarshal(row, &v))
		if v.Value != nil || v.Doc == "" || v.Time == 0 || v.Author.Sub != everyone.Sub {
			n.t.Errorf("a list tells %s", row)
		}
		names = append(names, v.Name)
	}
	return names
}

// A version stays what it was, whatever becomes of the log, also for another node.
func TestVersions_DOC_24_DOC_25(t *testing.T) {
	log := newFaulty()
	n := newNode(t, over(log), documentsOf("counter"))
	for range 5 {
		n.edit(everyone, nil, `{"op":"add","n":1}`)
	}
	for _, c := range []struct {
		name    string
		at      *uint64
		created bool
	}{{"b.2", offsetOf(2), true}, {"a", nil, true}, {"empty", offsetOf(0), true}, {"a", offsetOf(3), false}} {
		created, err := n.keep(c.name, c.at)
		if must(t, err); created != c.created {
			t.Errorf("%s: created is %t", c.name, created)
		}
	}
	_, err := n.Truncate(t.Context(), Admin{Trusted: true}, "d", 6)
	must(t, err)
	n.edit(everyone, nil, `{"op":"add","n":1}`)
	n.close()

	n = newNode(t, over(log), documentsOf("counter"))
	for name, want := range map[string]string{"a": "3 at 3", "b.2": "2 at 2", "empty": "0 at 0", "c": "not_found"} {
		if got := n.version(name); got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
	if got := n.names(); !slices.Equal(got, []string{"a", "b.2", "empty"}) {
		t.Errorf("the versions are %q", got)
	}
	forget := func(who auth.Identity, name string) error {
		return n.ForgetVersion(t.Context(), Version{Identity: who, Topic: "d", Name: name})
	}
	must(t, forget(everyone, "b.2"))
	if err := forget(everyone, "b.2"); codeOf(err) != protocol.NotFound {
		t.Errorf("forgotten twice: %v", err)
	}
	if got := n.names(); !slices.Equal(got, []string{"a", "empty"}) || n.version("b.2") != "not_found" {
		t.Errorf("after one was forgotten the versions are %q", got)
	}
	if _, err := n.keep("lost", offsetOf(2)); codeOf(err) != protocol.PositionLost {
		t.Errorf("as of what was truncated: %v", err)
	}
	if _, err := n.keep("ahead", offsetOf(9)); codeOf(err) != protocol.NotFound {
		t.Errorf("above the newest entry: %v", err)
	}

	may := func(verb auth.Verb) auth.Identity {
		return auth.Identity{Sub: "bob", Grants: []auth.Grant{{Topics: "d", Verbs: []auth.Verb{verb}}}}
	}
	if _, _, err := n.KeepVersion(t.Context(), Version{Identity: may(auth.History), Topic: "d", Name: "x"}); codeOf(err) != protocol.Forbidden {
		t.Errorf("kept without the verb edit: %v", err)
	}
	if err := forget(may(auth.History), "a"); codeOf(err) != protocol.Forbidden {
		t.Errorf("forgotten without the verb edit: %v", err)
	}
	if _, err := n.Version(t.Context(), Version{Identity: may(auth.Edit), Topic: "d", Name: "a"}); codeOf(err) != protocol.Forbidden {
		t.Errorf("read without the verb history: %v", err)
	}
	if _, err := n.Versions(t.Context(), Version{Identity: may(auth.Edit), Topic: "d"}); codeOf(err) != protocol.Forbidden {
		t.Errorf("listed without the verb history: %v", err)
	}
	if _, _, err := newNode(t).KeepVersion(t.Context(), Version{Identity: everyone, Topic: "d", Name: "x"}); codeOf(err) != protocol.WrongType {
		t.Errorf("of messages: %v", err)
	}
}

// Retention goes on behind a version: its value stays, and what led to it does not.
func TestVersions_DOC_24_retention(t *testing.T) {
	n, pass := still(t, keeping(Namespace{Type: registry.Kind("text"), KeepCount: 10}))
	for range 5 {
		n.edit(named("ann"), nil, `[[0,0,"a"]]`)
	}
	_, err := n.keep("draft", offsetOf(3))
	must(t, err)
	for range 30 {
		n.edit(named("bob"), nil, `[[0,0,"b"]]`)
	}
	pass(retainEvery)
	if got := n.held("d"); len(got) == 0 || got[0] <= 5 {
		t.Fatalf("the log holds %v", got)
	}
	if got := n.version("draft"); got != `"aaa" at 3` {
		t.Errorf("the version is %s", got)
	}
	if _, err := n.keep("late", offsetOf(3)); codeOf(err) != protocol.PositionLost {
		t.Errorf("kept as of what was trimmed: %v", err)
	}
	page, err := n.Changes(t.Context(), Changes{Identity: everyone, Topic: "d", Limit: 50})
	must(t, err)
	for _, c := range page.Changes {
		if c.First <= 5 {
			t.Errorf("DOC-23: the history goes back to %d", c.First)
		}
	}
	b, err := n.Blame(t.Context(), Glance{Identity: everyone, Topic: "d"})
	must(t, err)
	if last := b.Runs[len(b.Runs)-1]; last.Author != nil || last.Offset != 0 {
		t.Errorf("TEXT-16: what was there before the log is told as %+v", last)
	}
	_, err = n.Restore(t.Context(), Reversion{Identity: everyone, Topic: "d", Version: "draft"})
	must(t, err)
	n.reads("aaa")
}

func TestVersions_DOC_24_names(t *testing.T) {
	n := newNode(t, documentsOf("counter"))
	for name, want := range map[string]protocol.Code{
		"A-z_0.9": "", strings.Repeat("x", 64): "",
		"": protocol.BadMessage, strings.Repeat("x", 65): protocol.BadMessage, ".": protocol.BadMessage, "..": protocol.BadMessage,
		"-x": protocol.BadMessage, "a b": protocol.BadMessage, "a/b": protocol.BadMessage, "é": protocol.BadMessage, "a\n": protocol.BadMessage,
	} {
		if _, err := n.keep(name, nil); codeOf(err) != want {
			t.Errorf("%q: %v", name, err)
		}
	}
}

// However many keep versions at once, there are no more than there may be; and one
// that is forgotten makes room.
func TestVersions_DOC_24_so_many(t *testing.T) {
	n := newNode(t, documentsOf("counter"))
	var all sync.WaitGroup
	var mu sync.Mutex
	refused := 0
	for i := range topic.MaxVersions + 10 {
		all.Go(func() {
			_, err := n.keep(fmt.Sprint(i), nil)
			mu.Lock()
			defer mu.Unlock()
			switch codeOf(err) {
			case "":
			case protocol.LimitExceeded:
				refused++
			default:
				t.Error(err)
			}
		})
	}
	all.Wait()
	names := n.names()
	if refused != 10 || len(names) != topic.MaxVersions {
		t.Fatalf("%d were refused, %d are there", refused, len(names))
	}
	if created, err := n.keep(names[0], nil); err != nil || created {
		t.Errorf("one that is there, kept again: %t, %v", created, err)
	}
	must(t, n.ForgetVersion(t.Context(), Version{Identity: everyone, Topic: "d", Name: names[0]}))
	if created, err := n.keep("another", nil); err != nil || !created {
		t.Errorf("one more: %t, %v", created, err)
	}
}

// A version is told to be kept when the store has it, and not when that failed.
func TestVersions_DOC_24_a_store_that_fails(t *testing.T) {
	log := newFaulty()
	n := newNode(t, over(log), documentsOf("counter"))
	n.edit(everyone, nil, `{"op":"add","n":1}`)
	log.set(times(1, "append", store.ErrFull), nil)
	if _, err := n.keep("a", nil); codeOf(err) != protocol.StoreFull {
		t.Errorf("with a full disk: %v", err)
	}
	if got := n.version("a"); got != "not_found" {
		t.Errorf("it is %s all the same", got)
	}
	if created, err := n.keep("a", nil); err != nil || !created {
		t.Errorf("once more: %t, %v", created, err)
	}
	log.set(times(1, "append", store.ErrConflict), nil)
	if created, err := n.keep("a", nil); err != nil || created {
		t.Errorf("behind another writer: %t, %v", created, err)
	}
}

// pages notes what rows are read in pages.
type pages struct {
	store.Log
	mu   sync.Mutex // guards the fields below
	most int        // bytes of the longest value
	read int
}

func (p *pages) Rows(ctx context.Context, topic, after string, limit int) ([]store.Row, error) {
	rows, err := p.Log.Rows(ctx, topic, after, limit)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.read++
	for _, r := range rows {
		p.most = max(p.most, len(r.Value))
	}
	return rows, err
}

// The search for old rows, and a list, pass over the values of versions.
func TestVersions_DOC_24_values_are_read_alone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &pages{Log: newFaulty()}
		n := newNode(t, over(log), documentsOf("text"))
		n.edit(everyone, nil, fmt.Sprintf(`[[0,0,%q]]`, bytes.Repeat([]byte("x"), 50_000)))
		_, err := n.keep("a", nil)
		must(t, err)
		l := n.connect(newSecret(t), 1)
		l.say(`{"type":"publish","topic":"d","seq":1,"data":[]}`)
		l.expect("ack")
		for range 3 {
			n.value("d", nil) // it stays held
			time.Sleep(30 * time.Second)
		}
		n.names()
		log.mu.Lock()
		defer log.mu.Unlock()
		if log.read < 2 || log.most > 1000 {
			t.Errorf("in %d pages a value has up to %d bytes", log.read, log.most)
		}
	})
}
