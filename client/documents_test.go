package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tuttisync/tutti"
	"github.com/tuttisync/tutti/client"
	"github.com/tuttisync/tutti/protocol"
	"github.com/tuttisync/tutti/records"
)

type task struct {
	Title string `json:"title"`
	Done  bool   `json:"done,omitzero"`
	Order string `json:"order,omitzero"`
}

// documents is a server whose hook rejects what holds "no", and waits with what
// holds "slow" until the test lets it go on.
type documents struct {
	*tutti.Server
	*network
	slow chan struct{}
}

func serveDocuments(t *testing.T) *documents {
	d := &documents{slow: make(chan struct{})}
	d.Server, d.network = inMemory(t, tutti.Config{Dev: true, OnPublish: func(ctx context.Context, _ tutti.Identity, m *tutti.Message) error {
		// The bubble's time stands still while the test runs: no answer comes
		// before the test waits.
		time.Sleep(time.Millisecond)
		data := string(m.Data.(json.RawMessage))
		if strings.Contains(data, "slow") {
			select {
			case <-d.slow:
			case <-ctx.Done():
			}
		}
		if strings.Contains(data, "polite") {
			m.Data = json.RawMessage(strings.ReplaceAll(data, "damn", "dear"))
		}
		if strings.Contains(data, "no") {
			return tutti.Reject("No.")
		}
		return nil
	}})
	return d
}

func (d *documents) tasks(t *testing.T) *client.Records[task] {
	t.Helper()
	r := client.OpenRecords[task](d.connect(t, client.Options{}), "records:home", client.RecordsOptions{})
	ready(t, r.Document)
	return r
}

func ready(t *testing.T, d *client.Document) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), long)
	defer cancel()
	if err := d.Ready(ctx); err != nil {
		t.Fatal(err)
	}
}

func confirmed(t *testing.T, m *client.Mutation) {
	t.Helper()
	if _, err := m.Result(); err != nil || m.Status() != client.MutationConfirmed {
		t.Fatalf("the mutation is %s: %v", m.Status(), err)
	}
}

func codeOf(err error) protocol.Code {
	var e *protocol.Error
	if !errors.As(err, &e) {
		return ""
	}
	return e.Code
}

func rejected(t *testing.T, m *client.Mutation, code protocol.Code) {
	t.Helper()
	if _, err := m.Result(); codeOf(err) != code || m.Status() != client.MutationRejected {
		t.Fatalf("the mutation is %s: %v, not rejected with %s", m.Status(), err, code)
	}
}

func bubble(t *testing.T, name string, f func(t *testing.T)) {
	t.Run(name, func(t *testing.T) { synctest.Test(t, f) })
}

func TestDocuments(t *testing.T) {
	bubble(t, "DOC-15 what is written shows at once, and is confirmed", func(t *testing.T) {
		d := serveDocuments(t)
		counter := client.OpenCounter(d.connect(t, client.Options{}), "counter:a", client.DocumentOptions{})
		ready(t, counter.Document)
		made := counter.Add(2)
		if made.Local != 2 || counter.Value() != 2 || counter.Confirmed() != 0 || made.Status() == client.MutationConfirmed {
			t.Errorf("local %d, value %d, confirmed %d, %s", made.Local, counter.Value(), counter.Confirmed(), made.Status())
		}
		if len(counter.Pending("")) != 1 {
			t.Errorf("pending are %d mutations", len(counter.Pending("")))
		}
		ack, err := made.Result()
		if err != nil || ack.Offset != 1 || counter.Confirmed() != 2 {
			t.Errorf("%+v, %v, confirmed %d", ack, err, counter.Confirmed())
		}
	})

	bubble(t, "DOC-17 three in flight on one record, and the middle one fails", func(t *testing.T) {
		d := serveDocuments(t)
		r := d.tasks(t)
		confirmed(t, r.Set("a", task{Title: "first"}).Mutation)
		one := r.Patch("a", map[string]string{"title": "slow"})
		two := r.Patch("a", map[string]string{"title": "no"})
		three := r.Patch("a", map[string]bool{"done": true})
		if *three.Local != (task{Title: "no", Done: true}) {
			t.Errorf("shown is %+v", *three.Local)
		}
		close(d.slow)
		confirmed(t, one.Mutation)
		rejected(t, two.Mutation, protocol.Rejected)
		confirmed(t, three.Mutation)
		if got, _ := r.Get("a"); got != (task{Title: "slow", Done: true}) {
			t.Errorf("in the end it is %+v", got)
		}
	})

	bubble(t, "DOC-17 a rejection while a remote edit arrives", func(t *testing.T) {
		d := serveDocuments(t)
		r := d.tasks(t)
		confirmed(t, r.Set("a", task{Title: "first"}).Mutation)
		m := r.Patch("a", map[string]any{"title": "slow no"})
		if _, err := d.Edit(t.Context(), "records:home", records.Patch{Key: "a", Set: map[string]bool{"done": true}}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if got, _ := r.Get("a"); got != (task{Title: "slow no", Done: true}) {
			t.Errorf("in between it is %+v", got)
		}
		close(d.slow)
		rejected(t, m.Mutation, protocol.Rejected)
		if got, _ := r.Get("a"); got != (task{Title: "first", Done: true}) {
			t.Errorf("in the end it is %+v", got)
		}
	})

	bubble(t, "DOC-17 two failing adds", func(t *testing.T) {
		d := serveDocuments(t)
		tags := client.OpenSet[string](d.connect(t, client.Options{}), "set:a", client.DocumentOptions{})
		ready(t, tags.Document)
		one, two := tags.Add("no 1"), tags.Add("no 2", "no 3")
		if got := tags.Values(); !slices.Equal(got, []string{"no 1", "no 2", "no 3"}) || !tags.Has("no 2") {
			t.Errorf("shown are %q", got)
		}
		rejected(t, one.Mutation, protocol.Rejected)
		rejected(t, two.Mutation, protocol.Rejected)
		if got := tags.Values(); len(got) > 0 || tags.Has("no 2") {
			t.Errorf("in the end there are %q", got)
		}
	})

	bubble(t, "DOC-17 a dependent of a rejected one", func(t *testing.T) {
		r := serveDocuments(t).tasks(t)
		set := r.Set("a", task{Title: "no"})
		patch := r.Patch("a", map[string]bool{"done": true})
		if got, ok := r.Get("a"); !ok || !got.Done {
			t.Errorf("shown is %+v", got)
		}
		rejected(t, set.Mutation, protocol.Rejected)
		rejected(t, patch.Mutation, protocol.Missing)
		if r.Has("a") || r.Len() > 0 {
			t.Error("the record is there")
		}
	})

	bubble(t, "DOC-16 a hook that replaces", func(t *testing.T) {
		r := serveDocuments(t).tasks(t)
		m := r.Set("a", task{Title: "polite: damn"})
		confirmed(t, m.Mutation)
		if got, _ := r.Get("a"); m.Local.Title != "polite: damn" || got.Title != "polite: dear" {
			t.Errorf("it was %+v, and is %+v", *m.Local, got)
		}
	})

	bubble(t, "DOC-18 offline, what was sent is unconfirmed, what was not can be taken back", func(t *testing.T) {
		d := serveDocuments(t)
		r := d.tasks(t)
		sent := r.Set("a", task{Title: "slow"})
		synctest.Wait()
		d.set(refuse, "/v1/ws", "/v1/sse", "/v1/poll", "/v1/commands")
		d.cut()
		synctest.Wait()
		if sent.Status() != client.MutationUnconfirmed || sent.Cancel() {
			t.Errorf("what was sent is %s", sent.Status())
		}
		kept, taken := r.Set("b", task{Title: "kept"}), r.Set("c", task{Title: "taken"})
		if kept.Status() != client.MutationPending || !taken.Cancel() || taken.Status() != client.MutationCancelled || r.Has("c") {
			t.Errorf("what was not sent is %s, %s", kept.Status(), taken.Status())
		}
		if _, err := taken.Result(); codeOf(err) != protocol.Aborted {
			t.Errorf("what was taken back ends with %v", err)
		}
		d.set("", "/v1/ws", "/v1/sse", "/v1/poll", "/v1/commands")
		close(d.slow)
		confirmed(t, sent.Mutation)
		confirmed(t, kept.Mutation)
		if value, _, err := d.Document(t.Context(), "records:home"); err != nil || string(value) != `{"a":{"title":"slow"},"b":{"title":"kept"}}` {
			t.Errorf("the server has %s, %v", value, err)
		}
	})

	bubble(t, "DOC-18 a timeout is unconfirmed and no more", func(t *testing.T) {
		d := serveDocuments(t)
		r := client.OpenRecords[task](d.connect(t, client.Options{}), "records:home", client.RecordsOptions{DocumentOptions: client.DocumentOptions{Timeout: time.Second}})
		m := r.Set("a", task{Title: "slow"})
		time.Sleep(2 * time.Second)
		if m.Status() != client.MutationUnconfirmed {
			t.Errorf("it is %s", m.Status())
		}
		close(d.slow)
		confirmed(t, m.Mutation)
	})

	bubble(t, "DOC-8 a topic of another type, here and on the server", func(t *testing.T) {
		c := serveDocuments(t).connect(t, client.Options{})
		wrong := client.OpenCounter(c, "set:a", client.DocumentOptions{})
		m := wrong.Add(1)
		rejected(t, m.Mutation, protocol.WrongType)
		if err := wrong.Ready(t.Context()); codeOf(err) != protocol.WrongType || wrong.Status() != client.DocumentFailed {
			t.Errorf("%v, %s", err, wrong.Status())
		}
		right := client.OpenSet[string](c, "set:a", client.DocumentOptions{})
		ready(t, right.Document)
		other := client.OpenCounter(c, "set:a", client.DocumentOptions{})
		if err := other.Ready(t.Context()); codeOf(err) != protocol.WrongType {
			t.Errorf("%v", err)
		}
		rejected(t, other.Add(1).Mutation, protocol.WrongType)
	})

	bubble(t, "DOC-15 one change is told once, and callbacks may use the document", func(t *testing.T) {
		r := serveDocuments(t).tasks(t)
		var changes [][]string
		var statuses []client.MutationStatus
		r.Subscribe(func(keys []string) {
			slices.Sort(keys)
			changes = append(changes, keys)
			if len(changes) == 1 {
				r.Patch("a", map[string]bool{"done": true})
			}
		})
		r.OnMutation(func(m *client.Mutation) { statuses = append(statuses, m.Status()) })
		confirmed(t, r.Batch(func(b *client.RecordsBatch[task]) {
			b.Set("a", task{Title: "a"})
			b.Set("b", task{Title: "b"})
		}).Mutation)
		synctest.Wait()
		if want := [][]string{{"a", "b"}, {"a"}}; !slices.EqualFunc(changes, want, slices.Equal[[]string]) {
			t.Errorf("the changes are %q", changes)
		}
		if !slices.Contains(statuses, client.MutationConfirmed) {
			t.Errorf("the statuses are %q", statuses)
		}
	})

	bubble(t, "a document stays open while something is pending, and is shared by its handles", func(t *testing.T) {
		d := serveDocuments(t)
		c := d.connect(t, client.Options{})
		one, two := client.OpenCounter(c, "counter:a", client.DocumentOptions{}), client.OpenCounter(c, "counter:a", client.DocumentOptions{})
		m := one.Add(1)
		if two.Value() != 1 {
			t.Errorf("the other handle shows %d", two.Value())
		}
		one.Close()
		two.Close()
		if one.Status() != client.DocumentClosed || len(one.Pending("")) != 1 {
			t.Errorf("it is %s with %d pending", one.Status(), len(one.Pending("")))
		}
		confirmed(t, m.Mutation)
		rejected(t, one.Add(1).Mutation, protocol.Closed)
		again := client.OpenCounter(c, "counter:a", client.DocumentOptions{})
		ready(t, again.Document)
		if again.Value() != 1 {
			t.Errorf("opened again it is %d", again.Value())
		}
	})

	bubble(t, "DOC-18 a client that is closed leaves nobody waiting", func(t *testing.T) {
		d := serveDocuments(t)
		c := d.connect(t, client.Options{})
		r := client.OpenRecords[task](c, "records:home", client.RecordsOptions{})
		ready(t, r.Document)
		sent := r.Set("a", task{Title: "slow"})
		synctest.Wait()
		c.Close()
		if _, err := sent.Result(); codeOf(err) != protocol.Closed || sent.Status() != client.MutationUnconfirmed {
			t.Errorf("what was sent is %s: %v", sent.Status(), err)
		}
		rejected(t, r.Set("b", task{}).Mutation, protocol.Closed)
		late := client.OpenCounter(c, "counter:a", client.DocumentOptions{})
		if err := late.Ready(t.Context()); codeOf(err) != protocol.Closed {
			t.Errorf("opened too late: %v", err)
		}
		close(d.slow)
	})
}

func TestRecords(t *testing.T) {
	bubble(t, "RECORDS-11 order, insertAfter and move", func(t *testing.T) {
		r := serveDocuments(t).tasks(t)
		a, _ := r.InsertAfter("", task{Title: "a"})
		c, _ := r.InsertAfter(a, task{Title: "c"})
		b, _ := r.InsertAfter(a, task{Title: "b"})
		last, _ := r.Insert(task{Title: "without"})
		r.Move(c, "")
		if got := titles(r); got != "c a b without" {
			t.Errorf("the order is %s", got)
		}
		confirmed(t, r.Batch(func(batch *client.RecordsBatch[task]) {
			batch.Move(a, b)
			batch.InsertAfter(a, task{Title: "d"})
			batch.Move(last, c)
		}).Mutation)
		if got := titles(r); got != "c without b a d" {
			t.Errorf("the order is %s", got)
		}
		rejected(t, r.Move(a, "gone").Mutation, protocol.Missing)
	})

	bubble(t, "RECORDS-6 RECORDS-7 RECORDS-10 conditions, and what was overridden", func(t *testing.T) {
		d := serveDocuments(t)
		r := d.tasks(t)
		confirmed(t, r.Set("a", task{Title: "first"}).Mutation)
		rejected(t, r.Patch("a", map[string]bool{"done": true}, client.If(records.Equals("second").On("title"))).Mutation, protocol.PreconditionFailed)
		d.set(refuse, "/v1/ws", "/v1/sse", "/v1/poll", "/v1/commands")
		d.cut()
		synctest.Wait()
		if _, err := d.Edit(t.Context(), "records:home", records.Patch{Key: "a", Set: map[string]string{"title": "theirs"}}); err != nil {
			t.Fatal(err)
		}
		var overridden []records.Override
		r.OnOverridden(func(o records.Override) { overridden = append(overridden, o) })
		guarded := r.Patch("a", map[string]string{"title": "guarded"}, client.IfUnseen(records.Reject))
		plain := r.Patch("a", map[string]string{"title": "mine"})
		d.set("", "/v1/ws", "/v1/sse", "/v1/poll", "/v1/commands")
		rejected(t, guarded.Mutation, protocol.OverwritesUnseen)
		confirmed(t, plain.Mutation)
		synctest.Wait()
		if len(overridden) != 1 || overridden[0].Field != "title" || string(overridden[0].Before) != `"theirs"` {
			t.Errorf("overridden is %+v", overridden)
		}
	})

	bubble(t, "RECORDS-12 undo and redo of what is still one's own", func(t *testing.T) {
		d := serveDocuments(t)
		r := d.tasks(t)
		if _, ok := r.Undo(); ok || r.CanUndo() {
			t.Error("there is something to undo")
		}
		confirmed(t, r.Set("a", task{Title: "first"}).Mutation)
		confirmed(t, r.Patch("a", map[string]any{"title": "second", "done": true}).Mutation)
		if _, err := d.Edit(t.Context(), "records:home", records.Patch{Key: "a", Set: map[string]string{"title": "theirs"}}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		undone, ok := r.Undo()
		if !ok || *undone.Local["a"] != (task{Title: "theirs"}) || !r.CanRedo() {
			t.Errorf("undone it is %+v", undone.Local["a"])
		}
		confirmed(t, undone.Mutation)
		redone, _ := r.Redo()
		confirmed(t, redone.Mutation)
		if got, _ := r.Get("a"); got != (task{Title: "theirs", Done: true}) {
			t.Errorf("redone it is %+v", got)
		}
		confirmed(t, r.Delete("a").Mutation)
		back, _ := r.Undo()
		confirmed(t, back.Mutation)
		if got, _ := r.Get("a"); got != (task{Title: "theirs", Done: true}) {
			t.Errorf("set again it is %+v", got)
		}
		failed := r.Set("b", task{Title: "no"})
		rejected(t, failed.Mutation, protocol.Rejected)
		if step, _ := r.Undo(); !slices.Contains(step.Keys(), "a") {
			t.Errorf("a rejected mutation is a step: %q", step.Keys())
		}
	})

	bubble(t, "RECORDS-12 undo goes back to what was replaced in the log, though it was not seen", func(t *testing.T) {
		d := serveDocuments(t)
		r := d.tasks(t)
		confirmed(t, r.Set("a", task{Title: "first"}).Mutation)
		d.set(refuse, "/v1/ws", "/v1/sse", "/v1/poll", "/v1/commands")
		d.cut()
		synctest.Wait()
		mine := r.Patch("a", map[string]any{"title": "mine", "done": true})
		if _, err := d.Edit(t.Context(), "records:home", records.Patch{Key: "a", Set: map[string]string{"title": "theirs"}}); err != nil {
			t.Fatal(err)
		}
		d.set("", "/v1/ws", "/v1/sse", "/v1/poll", "/v1/commands")
		confirmed(t, mine.Mutation)
		undone, _ := r.Undo()
		confirmed(t, undone.Mutation)
		if got, _ := r.Get("a"); got != (task{Title: "theirs"}) {
			t.Errorf("undone it is %+v", got)
		}
	})

	bubble(t, "DOC-18 what is rejected with its document is never sent", func(t *testing.T) {
		var open atomic.Bool
		s, n := inMemory(t, tutti.Config{Dev: true, Authorize: func(_ context.Context, _ tutti.Identity, a tutti.Action) error {
			if a.Verb == "read" && !open.Load() {
				return errors.New("not yet")
			}
			return nil
		}})
		c := n.connect(t, client.Options{})
		early := client.OpenCounter(c, "counter:a", client.DocumentOptions{}).Add(5)
		rejected(t, early.Mutation, protocol.Forbidden)
		open.Store(true)
		again := client.OpenCounter(c, "counter:a", client.DocumentOptions{})
		confirmed(t, again.Add(1).Mutation)
		synctest.Wait()
		if value, _, err := s.Document(t.Context(), "counter:a"); err != nil || string(value) != "1" || again.Value() != 1 {
			t.Errorf("the server has %s, %v; shown is %d", value, err, again.Value())
		}
	})

	bubble(t, "SET-3 a set is in the order of its canonical JSON", func(t *testing.T) {
		d := serveDocuments(t)
		s := client.OpenSet[string](d.connect(t, client.Options{}), "set:a", client.DocumentOptions{})
		confirmed(t, s.Add("\ue000", "b", "😀").Mutation)
		if got := s.Values(); !slices.Equal(got, []string{"b", "😀", "\ue000"}) {
			t.Errorf("it is %q", got)
		}
	})

	bubble(t, "a query goes on when its function has panicked", func(t *testing.T) {
		r := serveDocuments(t).tasks(t)
		for _, key := range []string{"a", "b", "c"} {
			confirmed(t, r.Set(key, task{Title: key}).Mutation)
		}
		var bad atomic.Bool
		q := r.Query(client.Query[task]{Where: func(key string, _ task) bool {
			if bad.Load() && key == "b" {
				panic("no " + key)
			}
			return true
		}})
		bad.Store(true)
		r.Batch(func(b *client.RecordsBatch[task]) {
			for _, key := range []string{"a", "b", "c"} {
				b.Patch(key, map[string]bool{"done": true})
			}
		})
		synctest.Wait() // the query looks at what has changed, and fails
		bad.Store(false)
		if got := q.Rows(); len(got) != 3 || slices.ContainsFunc(got, func(r client.Row[task]) bool { return !r.Value.Done }) {
			t.Errorf("it shows %+v", got)
		}
		confirmed(t, r.Delete("b").Mutation)
		if got := q.Rows(); len(got) != 2 {
			t.Errorf("it shows %+v", got)
		}
	})

	bubble(t, "queries follow what changes", func(t *testing.T) {
		d := serveDocuments(t)
		r := d.tasks(t)
		open := r.Query(client.Query[task]{
			Where:   func(_ string, v task) bool { return !v.Done },
			Compare: func(a, b task) int { return strings.Compare(b.Title, a.Title) },
			Limit:   2,
		})
		var told [][]client.Row[task]
		open.Subscribe(func(rows []client.Row[task]) { told = append(told, rows) })
		for _, title := range []string{"a", "b", "c"} {
			confirmed(t, r.Set(title, task{Title: title}).Mutation)
		}
		synctest.Wait()
		told = nil
		confirmed(t, r.Patch("a", map[string]string{"title": "aa"}).Mutation) // behind the limit
		synctest.Wait()
		if len(told) != 0 {
			t.Errorf("told of what is behind the limit: %+v", told)
		}
		confirmed(t, r.Patch("c", map[string]bool{"done": true}).Mutation)
		synctest.Wait()
		want := []client.Row[task]{{Key: "b", Value: task{Title: "b"}}, {Key: "a", Value: task{Title: "aa"}}}
		if len(told) != 1 || !slices.Equal(told[0], want) || !slices.Equal(open.Rows(), want) {
			t.Errorf("told %+v", told)
		}
	})

	bubble(t, "what does not become a T is told and not shown", func(t *testing.T) {
		d := serveDocuments(t)
		r := d.tasks(t)
		var faults []error
		r.OnError(func(err error) { faults = append(faults, err) })
		for key, value := range map[string]any{"a": map[string]int{"title": 7}, "b": task{Title: "b"}} {
			if _, err := d.Edit(t.Context(), "records:home", records.Set{Key: key, Value: value}); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		if got := maps.Collect(r.All()); len(got) != 1 || r.Len() != 1 {
			t.Errorf("shown are %+v", got)
		}
		synctest.Wait()
		if len(faults) == 0 || !strings.Contains(faults[0].Error(), `"a"`) {
			t.Errorf("told was %v", faults)
		}
	})

	bubble(t, "bad operations are refused at once, and harm nothing", func(t *testing.T) {
		r := serveDocuments(t).tasks(t)
		for name, m := range map[string]*client.Mutation{
			"no object":    r.Patch("a", 1).Mutation,
			"nothing":      r.Patch("a", map[string]int{}).Mutation,
			"no JSON":      r.Patch("a", func() {}).Mutation,
			"empty key":    r.Set("", task{}).Mutation,
			"empty batch":  r.Batch(func(*client.RecordsBatch[task]) {}).Mutation,
			"twice a name": r.Unset("a", []string{"x", "x"}).Mutation,
		} {
			if _, err := m.Result(); codeOf(err) != protocol.BadOperation {
				t.Errorf("%s: %v", name, err)
			}
		}
		if r.Len() > 0 || r.CanUndo() {
			t.Error("something was done")
		}
	})
}

func titles(r *client.Records[task]) string {
	var all []string
	for _, v := range r.All() {
		all = append(all, v.Title)
	}
	return strings.Join(all, " ")
}
