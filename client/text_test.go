package client_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tuttisync/tutti/client"
	"github.com/tuttisync/tutti/protocol"
	"github.com/tuttisync/tutti/text"
)

var everyRoad = []string{"/v1/ws", "/v1/sse", "/v1/poll", "/v1/commands"}

func (d *documents) text(t *testing.T) *client.Text {
	t.Helper()
	w := client.OpenText(d.connect(t, client.Options{}), "text:a", client.DocumentOptions{})
	ready(t, w.Document)
	return w
}

// has sees that the server's text is what is wanted.
func (d *documents) has(t *testing.T, want string) {
	t.Helper()
	value, _, err := d.Document(t.Context(), "text:a")
	var got string
	if err == nil {
		err = json.Unmarshal(value, &got)
	}
	if err != nil || got != want {
		t.Errorf("the server has %q, %v, want %q", got, err, want)
	}
}

// mirror is what the changes of a text make.
func mirror(t *testing.T, w *client.Text) *string {
	shown := w.Value()
	w.OnChange(func(c client.TextChange) {
		var err error
		if shown, err = text.Apply(shown, c.Op); err != nil {
			t.Errorf("the change %v does not fit %q: %v", c.Op, shown, err)
		}
	})
	return &shown
}

func TestText(t *testing.T) {
	bubble(t, "DOC-15 what is written shows at once, and is confirmed", func(t *testing.T) {
		d := serveDocuments(t)
		a, b := d.text(t), d.text(t)
		var told []client.TextChange
		b.OnChange(func(c client.TextChange) { told = append(told, c) })
		m := a.Insert(0, "hellö")
		if a.Value() != "hellö" || a.Len() != 5 || len(a.Pending("")) != 1 {
			t.Errorf("it is %q, %d, with %d pending", a.Value(), a.Len(), len(a.Pending("")))
		}
		confirmed(t, m)
		confirmed(t, a.Replace(4, 1, "o!"))
		synctest.Wait()
		if b.Value() != "hello!" || len(told) != 2 || !told[1].Remote || told[1].Client == "" || !slices.Equal(told[1].Op, text.Op{{At: 4, Delete: 1, Insert: "o!"}}) {
			t.Errorf("the other shows %q, and was told %+v", b.Value(), told)
		}
		if got := len(a.Pending("")); got != 0 {
			t.Errorf("%d are pending", got)
		}
	})

	bubble(t, "an edit that does not fit, and one that does nothing", func(t *testing.T) {
		w := serveDocuments(t).text(t)
		rejected(t, w.Delete(0, 1), protocol.BadOperation)
		confirmed(t, w.Insert(0, ""))
		w.Close()
		rejected(t, w.Insert(0, "x"), protocol.Closed)
	})

	bubble(t, "DOC-17 of ten in flight the middle one fails, and it alone is gone", func(t *testing.T) {
		d := serveDocuments(t)
		w, other := d.text(t), d.text(t)
		shown := mirror(t, w)
		var all []*client.Mutation
		for i := range 10 {
			word := fmt.Sprintf("%d;", i)
			if i == 4 {
				word = "no;"
			}
			if i == 0 {
				word = "slow;"
			}
			all = append(all, w.Insert(w.Len(), word))
			synctest.Wait() // it is sent
		}
		if _, err := d.Edit(t.Context(), "text:a", text.Insert(0, ">")); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if got := w.Value(); !strings.Contains(got, "no;") {
			t.Errorf("in between it is %q", got)
		}
		close(d.slow)
		for i, m := range all {
			if i == 4 {
				rejected(t, m, protocol.Rejected)
			} else {
				confirmed(t, m)
			}
		}
		synctest.Wait()
		d.has(t, w.Value())
		if got := strings.Replace(w.Value(), ">", "", 1); got != "slow;1;2;3;5;6;7;8;9;" || *shown != w.Value() || other.Value() != w.Value() {
			t.Errorf("in the end it is %q, told as %q, the other shows %q", w.Value(), *shown, other.Value())
		}
	})

	bubble(t, "TEXT-12 DOC-33 what is concurrent with too much is said anew, and taken", func(t *testing.T) {
		d := serveDocuments(t)
		w := d.text(t)
		confirmed(t, w.Insert(0, "base"))
		d.set(refuse, everyRoad...)
		d.cut()
		synctest.Wait()
		others := strings.Repeat("y", 40_000)
		edit := func(op text.Op) {
			t.Helper()
			if _, err := d.Edit(t.Context(), "text:a", op); err != nil {
				t.Fatal(err)
			}
		}
		edit(text.Insert(0, others))
		first := strings.Repeat("x", 4090) // so long that nothing joins it
		w.Insert(w.Len(), first)
		slow := w.Insert(w.Len(), "slow")
		if got := len(w.Pending("")); got != 2 {
			t.Fatalf("%d operations are pending", got)
		}
		d.set("", everyRoad...)
		time.Sleep(time.Minute)
		edit(text.Insert(0, ">")) // between the two
		close(d.slow)
		begun := time.Now()
		confirmed(t, slow)
		if took := time.Since(begun); took > 10*time.Second { // of the bubble's: it was not sent the same again and again
			t.Errorf("it took %v", took)
		}
		synctest.Wait()
		want := ">" + others + "base" + first + "slow"
		if d.has(t, want); w.Value() != want {
			t.Errorf("it is %.10q… of %d", w.Value(), w.Len())
		}
	})

	bubble(t, "offline, typing is few operations and few steps of undo", func(t *testing.T) {
		d := serveDocuments(t)
		w := d.text(t)
		confirmed(t, w.Insert(0, "base"))
		time.Sleep(time.Second)
		d.set(refuse, everyRoad...)
		d.cut()
		synctest.Wait()
		var all []*client.Mutation
		for range 90 {
			all = append(all, w.Insert(w.Len(), "x"))
			time.Sleep(10 * time.Millisecond)
			synctest.Wait() // while the client makes a step nothing is joined
		}
		if got := len(w.Pending("")); got != 1 {
			t.Errorf("%d operations are pending", got)
		}
		time.Sleep(time.Second)
		w.Insert(0, "y")
		if made := w.Undo(); len(made) != 1 || w.Value() != "base"+strings.Repeat("x", 90) || !w.CanRedo() {
			t.Errorf("one undo in %d operations leaves %.10q", len(made), w.Value())
		}
		if w.Undo(); w.Value() != "base" {
			t.Errorf("two undos leave %.10q", w.Value())
		}
		w.Redo()
		d.set("", everyRoad...)
		for _, m := range all {
			confirmed(t, m)
		}
		time.Sleep(time.Minute)
		d.has(t, "base"+strings.Repeat("x", 90))
		if got := w.Value(); got != "base"+strings.Repeat("x", 90) {
			t.Errorf("it shows %.20q", got)
		}
	})

	bubble(t, "TEXT-10 undo leaves the work of others", func(t *testing.T) {
		d := serveDocuments(t)
		a, b := d.text(t), d.text(t)
		confirmed(t, a.Insert(0, "one two"))
		synctest.Wait()
		confirmed(t, b.Insert(3, " and"))
		synctest.Wait()
		if !a.CanUndo() || b.Value() != "one and two" {
			t.Errorf("it shows %q", b.Value())
		}
		for _, m := range a.Undo() {
			confirmed(t, m)
		}
		synctest.Wait()
		d.has(t, " and")
		for _, m := range a.Redo() {
			confirmed(t, m)
		}
		synctest.Wait()
		d.has(t, "one and two")
		if a.CanRedo() || len(a.Redo()) > 0 || b.CanUndo() && len(b.Undo()) != 1 {
			t.Error("there is more to undo or redo than was done")
		}
	})

	bubble(t, "anchors move with what is edited around them", func(t *testing.T) {
		d := serveDocuments(t)
		a, b := d.text(t), d.text(t)
		confirmed(t, a.Insert(0, "abcd"))
		left, right, out := a.Anchor(2, text.Left), a.Anchor(2, text.Right), a.Anchor(99, text.Left)
		synctest.Wait()
		confirmed(t, b.Insert(2, "XY"))
		confirmed(t, b.Insert(0, "-"))
		synctest.Wait()
		if left.At() != 3 || right.At() != 5 || out.At() != 7 {
			t.Errorf("in %q they are at %d, %d, %d", a.Value(), left.At(), right.At(), out.At())
		}
		right.Release()
		right.Release()
		confirmed(t, a.Delete(0, 4))
		if left.At() != 0 || right.At() != 5 {
			t.Errorf("in %q they are at %d, %d", a.Value(), left.At(), right.At())
		}
	})

	bubble(t, "DOC-11 far behind, it goes on from a snapshot, and what was pending is told", func(t *testing.T) {
		d := serveDocuments(t)
		w := d.text(t)
		confirmed(t, w.Insert(0, "first\n"))
		shown := mirror(t, w)
		var told []client.Rebased
		w.OnRebased(func(r client.Rebased) { told = append(told, r) })
		d.set(refuse, everyRoad...)
		d.cut()
		synctest.Wait()
		m := w.Insert(w.Len(), "mine\n")
		for i := range 1500 {
			if _, err := d.Edit(t.Context(), "text:a", text.Op{{At: 0, Delete: min(i, 1), Insert: "z"}}); err != nil {
				t.Fatal(err)
			}
		}
		d.set("", everyRoad...)
		confirmed(t, m)
		synctest.Wait()
		d.has(t, "zfirst\nmine\n")
		if w.Value() != "zfirst\nmine\n" || *shown != w.Value() {
			t.Errorf("it shows %q, told as %q", w.Value(), *shown)
		}
		if len(told) != 1 || told[0].Before != "first\nmine\n" || told[0].After != w.Value() || !slices.Equal(told[0].Mutations, []*client.Mutation{m}) || told[0].Lost {
			t.Errorf("told was %+v", told)
		}
	})

	bubble(t, "written before the connection is up", func(t *testing.T) {
		d := serveDocuments(t)
		if _, err := d.Edit(t.Context(), "text:a", text.Insert(0, "old ")); err != nil {
			t.Fatal(err)
		}
		w := client.OpenText(d.connect(t, client.Options{}), "text:a", client.DocumentOptions{})
		m := w.Insert(0, "new")
		if w.Value() != "new" {
			t.Errorf("it shows %q", w.Value())
		}
		confirmed(t, m)
		d.has(t, "old new")
	})
}

// TestText_bars lets two clients write across bars, each with something in flight
// when one arises: what is refused is said anew on the same connection.
func TestText_bars(t *testing.T) {
	bubble(t, "TEXT-8 DOC-33", func(t *testing.T) {
		d := serveDocuments(t)
		a, b := d.text(t), d.text(t)
		shown := mirror(t, b)
		var all []*client.Mutation
		for i := range 800 {
			all = append(all, a.Insert(0, fmt.Sprintf("a%d ", i)), b.Insert(b.Len(), fmt.Sprintf("b%d ", i)))
			if i%3 == 0 {
				time.Sleep(10 * time.Millisecond)
			} else {
				synctest.Wait()
			}
		}
		for _, m := range all {
			confirmed(t, m)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		d.has(t, a.Value())
		if b.Value() != a.Value() || *shown != a.Value() {
			t.Errorf("they show %.40q, %.40q, told as %.40q", a.Value(), b.Value(), *shown)
		}
		for i := range 800 {
			for _, word := range []string{fmt.Sprintf("a%d ", i), fmt.Sprintf("b%d ", i)} {
				if strings.Count(a.Value(), word) != 1 {
					t.Fatalf("%q stands there %d times", word, strings.Count(a.Value(), word))
				}
			}
		}
		if got := d.count("/v1/ws"); got != 2 {
			t.Errorf("two clients have made %d connections", got)
		}
	})
}

// TestText_large pastes a megabyte, which is many entries.
func TestText_large(t *testing.T) {
	paste := strings.Repeat("twelve bytes", (1<<20)/12)
	bubble(t, "TEXT-18 is one edit, and one step of undo", func(t *testing.T) {
		d := serveDocuments(t)
		a, b := d.text(t), d.text(t)
		confirmed(t, a.Insert(0, "<>"))
		time.Sleep(time.Second)
		m := a.Insert(1, paste)
		if a.Len() != len(paste)+2 || m.Status() == client.MutationConfirmed || len(a.Pending("")) < 16 {
			t.Errorf("it shows %d, is %s, and %d are pending", a.Len(), m.Status(), len(a.Pending("")))
		}
		confirmed(t, m)
		synctest.Wait()
		d.has(t, "<"+paste+">")
		if b.Value() != a.Value() || b.Len() != len(paste)+2 {
			t.Errorf("the other shows %d of %d", b.Len(), a.Len())
		}
		for _, m := range a.Undo() {
			confirmed(t, m)
		}
		synctest.Wait()
		if d.has(t, "<>"); a.Value() != "<>" || b.Value() != "<>" {
			t.Errorf("after undo they show %d and %d", a.Len(), b.Len())
		}
		for _, m := range a.Redo() {
			confirmed(t, m)
		}
		synctest.Wait()
		if d.has(t, "<"+paste+">"); b.Value() != a.Value() {
			t.Errorf("after redo they show %d and %d", a.Len(), b.Len())
		}
		confirmed(t, a.Delete(0, a.Len()))
		d.has(t, "")
	})

	bubble(t, "TEXT-18 is taken back as a whole while it was not sent", func(t *testing.T) {
		d := serveDocuments(t)
		w := d.text(t)
		d.set(refuse, everyRoad...)
		d.cut()
		synctest.Wait()
		m := w.Insert(0, paste)
		if !m.Cancel() || m.Status() != client.MutationCancelled || w.Value() != "" || m.Cancel() {
			t.Errorf("it is %s, and shows %d", m.Status(), w.Len())
		}
		d.set("", everyRoad...)
		sent := w.Insert(0, paste)
		confirmed(t, sent)
		if sent.Cancel() {
			t.Error("what was sent was taken back")
		}
		d.has(t, paste)
	})

	bubble(t, "TEXT-18 fails with its first part that does", func(t *testing.T) {
		d := serveDocuments(t)
		w := d.text(t)
		m := w.Insert(0, strings.Repeat("x", 100_000)+"no"+strings.Repeat("x", 100_000))
		rejected(t, m, protocol.Rejected)
		time.Sleep(time.Minute)
		synctest.Wait()
		if d.has(t, w.Value()); strings.Contains(w.Value(), "no") || w.Len() < 150_000 || len(w.Pending("")) > 0 {
			t.Errorf("it shows %d", w.Len())
		}
	})
}
