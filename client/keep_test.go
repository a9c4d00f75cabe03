package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tuttisync/tutti"
	"github.com/tuttisync/tutti/client"
	"github.com/tuttisync/tutti/client/core"
	"github.com/tuttisync/tutti/client/internal/shelf"
	"github.com/tuttisync/tutti/protocol"
	"github.com/tuttisync/tutti/text"
)

// dataOf is what a topic's log holds, as JSON.
func (d *documents) dataOf(t *testing.T, topic string) (all []string) {
	t.Helper()
	for e, err := range d.entries(t, topic) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, string(e.Data))
	}
	return all
}

// entries reads a topic's log for a second.
func (d *documents) entries(t *testing.T, topic string) iter.Seq2[tutti.Entry, error] {
	return func(yield func(tutti.Entry, error) bool) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		for e, err := range d.Read(ctx, topic, tutti.Earliest()) {
			if ctx.Err() != nil || !yield(e, err) {
				return
			}
		}
	}
}

func (l *life) say(data any) { l.Topic("chat:a").Enqueue(data, client.PublishOptions{}) }

func noToken(context.Context) (string, error) { return "", errors.New("there is no network") }

func dataIn(entries []client.OutboxEntry) (all []string) {
	for _, e := range entries {
		all = append(all, string(e.Data))
	}
	return all
}

func TestOutbox(t *testing.T) {
	bubble(t, "OUT-1 nothing is sent that is not stored", func(t *testing.T) {
		d := serveDocuments(t)
		device := newDevice(t, d.Server)
		l := device.start(client.Options{})
		awaitRoad(t, l.Client, "ws")
		release := device.hold()
		l.say("hello")
		synctest.Wait()
		if got := d.dataOf(t, "chat:a"); len(got) > 0 {
			t.Errorf("the server has %v", got)
		}
		if got := l.Outbox().Entries(); len(got) != 1 || got[0].Topic != "chat:a" || string(got[0].Data) != `"hello"` || time.Since(got[0].Time).Abs() > time.Minute {
			t.Errorf("the outbox has %+v", got)
		}
		release()
		time.Sleep(time.Second)
		if got := d.dataOf(t, "chat:a"); !slices.Equal(got, []string{`"hello"`}) {
			t.Errorf("the server has %v", got)
		}
		if got := l.Outbox().Entries(); len(got) > 0 || !l.Outbox().Durable() {
			t.Errorf("the outbox has %+v", got)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		if got := device.rows("entry/"); len(got) > 0 {
			t.Errorf("%v are stored", got)
		}
	})

	bubble(t, "OUT-1 what joins an operation that was not sent is stored with it", func(t *testing.T) {
		device := newDevice(t, http.NotFoundHandler())
		l := device.start(client.Options{})
		note := client.OpenText(l.Client, "text:a", client.DocumentOptions{Offline: true})
		for i := range 20 {
			note.Insert(i, "a")
			synctest.Wait()
		}
		if got := dataIn(l.Outbox().Entries()); len(got) != 1 || len(note.Pending("")) != 1 {
			t.Errorf("the outbox has %v", got)
		}
		l.kill()
		l = device.start(client.Options{})
		note = client.OpenText(l.Client, "text:a", client.DocumentOptions{Offline: true})
		if got := note.Value(); got != strings.Repeat("a", 20) {
			t.Errorf("it shows %q", got)
		}
	})

	bubble(t, "OUT-3 what was queued offline is sent by the next life, once and in order", func(t *testing.T) {
		d := serveDocuments(t)
		device := newDevice(t, d.Server)
		device.offline(true)
		l := device.start(client.Options{})
		var want []string
		for i := range 100 {
			l.say(i)
			want = append(want, fmt.Sprint(i))
		}
		synctest.Wait()
		l.kill()
		l = device.start(client.Options{})
		if got := dataIn(l.Outbox().Entries()); !slices.Equal(got, want) {
			t.Errorf("the outbox has %v", got)
		}
		l.say("later")
		device.offline(false)
		time.Sleep(30 * time.Second)
		clients := make(map[string]bool)
		for e := range d.entries(t, "chat:a") {
			clients[e.Client] = true
		}
		if got := d.dataOf(t, "chat:a"); !slices.Equal(got, append(want, `"later"`)) || len(clients) != 1 {
			t.Errorf("the server has %v, by %d clients", got, len(clients))
		}
	})

	for seed := range uint64(12) {
		bubble(t, fmt.Sprintf("OUT-2 OUT-3 what is killed in flight leaves nothing twice, seed %d", seed), func(t *testing.T) {
			d := serveDocuments(t)
			device := newDevice(t, d.Server)
			random := rand.New(rand.NewPCG(seed, 21))
			published := 0
			for range 6 {
				l := device.start(client.Options{})
				time.Sleep(time.Duration(random.IntN(5)) * time.Millisecond)
				for range random.IntN(30) {
					l.say(published)
					published++
				}
				time.Sleep(time.Duration(random.IntN(30)) * time.Millisecond)
				l.kill()
			}
			l := device.start(client.Options{})
			time.Sleep(time.Minute)
			last := -1
			for _, raw := range d.dataOf(t, "chat:a") {
				var n int
				if err := json.Unmarshal([]byte(raw), &n); err != nil || n <= last {
					t.Fatalf("%s comes behind %d, %v", raw, last, err)
				}
				last = n
			}
			if got := l.Outbox().Entries(); len(got) > 0 {
				t.Errorf("the outbox has %d", len(got))
			}
		})
	}

	bubble(t, "OUT-3 two clients are two, and what a dead one has left is sent beside", func(t *testing.T) {
		d := serveDocuments(t)
		device := newDevice(t, d.Server)
		device.offline(true)
		lives := []*life{device.start(client.Options{}), device.start(client.Options{})}
		for i, l := range lives {
			l.say(i)
			client.OpenCounter(l.Client, "counter:a", client.DocumentOptions{}).Add(1)
			client.OpenText(l.Client, "text:a", client.DocumentOptions{}).Insert(0, fmt.Sprint(i))
		}
		synctest.Wait()
		for _, l := range lives {
			l.kill()
		}
		device.offline(false)
		l := device.start(client.Options{})
		time.Sleep(10 * time.Second)
		got := d.dataOf(t, "chat:a")
		slices.Sort(got)
		if !slices.Equal(got, []string{"0", "1"}) {
			t.Errorf("the server has %v", got)
		}
		value, _, err := d.Document(t.Context(), "counter:a")
		if err != nil || string(value) != "2" {
			t.Errorf("the counter is %s, %v", value, err)
		}
		if value, _, err := d.Document(t.Context(), "text:a"); err != nil || len(value) != len(`"01"`) {
			t.Errorf("the text is %s, %v", value, err)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		if got := device.rows("client"); len(got) != 1 {
			t.Errorf("%d clients are stored", len(got))
		}
	})

	bubble(t, "OUT-7 what is rejected in a later life becomes a dead letter, and holds nothing up", func(t *testing.T) {
		d := serveDocuments(t)
		device := newDevice(t, d.Server)
		device.offline(true)
		l := device.start(client.Options{})
		for _, word := range []string{"a", "no", "c"} {
			l.Topic("chat:a").Enqueue(word, client.PublishOptions{Name: "word", Key: "k"})
		}
		synctest.Wait()
		l.kill()
		device.offline(false)
		l = device.start(client.Options{})
		changes := 0
		l.Outbox().OnChange(func() { changes++ })
		time.Sleep(5 * time.Second)
		got := d.dataOf(t, "chat:a")
		synctest.Wait()
		if !slices.Equal(got, []string{`"a"`, `"c"`}) || changes == 0 {
			t.Errorf("the server has %v, after %d changes", got, changes)
		}
		dead := l.Outbox().Dead()
		if len(dead) != 1 || dead[0].Topic != "chat:a" || dead[0].Name != "word" || dead[0].Key != "k" || string(dead[0].Data) != `"no"` || dead[0].Err.Code != protocol.Rejected {
			t.Fatalf("dead are %+v", dead)
		}
		l.kill()
		l = device.start(client.Options{})
		wantCode(t, l.Outbox().Retry("other", nil), protocol.NotFound)
		wantCode(t, l.Outbox().Retry(dead[0].ID, func() {}), protocol.BadMessage)
		if err := l.Outbox().Retry(dead[0].ID, "good"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		if got := d.dataOf(t, "chat:a"); !slices.Equal(got, []string{`"a"`, `"c"`, `"good"`}) || len(l.Outbox().Dead()) > 0 {
			t.Errorf("the server has %v, dead are %v", got, l.Outbox().Dead())
		}
		l.Close()
		if got := append(device.rows("entry/"), device.rows("dead/")...); len(got) > 0 {
			t.Errorf("%v are stored", got)
		}
	})

	bubble(t, "OUT-7 a dead letter of a client beside is handed over", func(t *testing.T) {
		d := serveDocuments(t)
		device := newDevice(t, d.Server)
		device.offline(true)
		lives := []*life{device.start(client.Options{}), device.start(client.Options{})}
		for _, l := range lives {
			l.say("no")
		}
		synctest.Wait()
		for _, l := range lives {
			l.kill()
		}
		device.offline(false)
		l := device.start(client.Options{})
		time.Sleep(10 * time.Second)
		dead := l.Outbox().Dead()
		if len(dead) != 2 || dead[0].ID == dead[1].ID {
			t.Fatalf("dead are %+v", dead)
		}
		for _, letter := range dead {
			l.Outbox().Discard(letter.ID)
		}
		l.Close()
		if got := device.rows("dead/"); len(got) > 0 {
			t.Errorf("%v are stored", got)
		}
	})

	bubble(t, "OUT-8 what has waited for 30 days is a dead letter", func(t *testing.T) {
		device := newDevice(t, http.NotFoundHandler())
		l := device.start(client.Options{})
		l.say("old")
		synctest.Wait()
		l.kill()
		time.Sleep(31 * 24 * time.Hour)
		l = device.start(client.Options{})
		dead := l.Outbox().Dead()
		if len(dead) != 1 || string(dead[0].Data) != `"old"` || dead[0].Err.Code != protocol.Timeout || len(l.Outbox().Entries()) > 0 {
			t.Errorf("dead are %+v", dead)
		}
	})

	bubble(t, "OUT-9 entries of another version are carried over, or become dead letters", func(t *testing.T) {
		d := serveDocuments(t)
		device := newDevice(t, d.Server)
		device.offline(true)
		l := device.start(client.Options{Version: 1})
		l.say(map[string]string{"text": "a"})
		l.say(map[string]string{"old": "b"})
		synctest.Wait()
		l.kill()
		device.offline(false)
		l = device.start(client.Options{Version: 2, Migrate: func(e client.OldEntry) (client.OldEntry, bool) {
			if e.Version != 1 || !strings.Contains(string(e.Data), "text") {
				return e, false
			}
			e.Data = []byte(`{"body":"a"}`)
			return e, true
		}})
		time.Sleep(3 * time.Second)
		dead := l.Outbox().Dead()
		if got := d.dataOf(t, "chat:a"); !slices.Equal(got, []string{`{"body":"a"}`}) || len(dead) != 1 || dead[0].Err.Code != protocol.BadOperation || string(dead[0].Data) != `{"old":"b"}` {
			t.Errorf("the server has %v, dead are %+v", got, dead)
		}
	})

	bubble(t, "OUT-10 what cannot be stored is told and sent from memory, and stored later", func(t *testing.T) {
		d := serveDocuments(t)
		device := newDevice(t, d.Server)
		l := device.start(client.Options{})
		awaitRoad(t, l.Client, "ws")
		if !l.Outbox().Durable() {
			t.Error("it is not durable")
		}
		device.fill(true)
		l.say("a")
		time.Sleep(time.Second)
		if got := d.dataOf(t, "chat:a"); !slices.Equal(got, []string{`"a"`}) || l.Outbox().Durable() {
			t.Errorf("the server has %v, durable %t", got, l.Outbox().Durable())
		}
		if got := device.failed(); len(got) == 0 || codeOf(got[0]) != protocol.StorageFailed {
			t.Errorf("told were %v", got)
		}
		device.offline(true)
		l.say("b")
		synctest.Wait()
		device.fill(false)
		time.Sleep(15 * time.Second)
		if !l.Outbox().Durable() {
			t.Error("it is not durable again")
		}
		l.kill()
		device.offline(false)
		device.start(client.Options{})
		time.Sleep(30 * time.Second)
		if got := d.dataOf(t, "chat:a"); !slices.Equal(got, []string{`"a"`, `"b"`}) {
			t.Errorf("the server has %v", got)
		}
	})

	bubble(t, "OUT-11 another user is shown and sends nothing of it", func(t *testing.T) {
		d := serveDocuments(t)
		device := newDevice(t, d.Server)
		device.offline(true)
		l := device.start(client.Options{User: "ann"})
		l.say("a")
		synctest.Wait()
		l.kill()
		device.offline(false)
		l = device.start(client.Options{User: "bob"})
		time.Sleep(3 * time.Second)
		if got := d.dataOf(t, "chat:a"); len(got)+len(l.Outbox().Entries()) > 0 {
			t.Errorf("the server has %v, the outbox %v", got, l.Outbox().Entries())
		}
		l.kill()
		device.start(client.Options{User: "ann"})
		time.Sleep(3 * time.Second)
		if got := d.dataOf(t, "chat:a"); !slices.Equal(got, []string{`"a"`}) {
			t.Errorf("the server has %v", got)
		}
	})

	bubble(t, "OUT-12 forget erases all of the user, and ends the user's other clients", func(t *testing.T) {
		device := newDevice(t, http.NotFoundHandler())
		ann, other, bob := device.start(client.Options{User: "ann"}), device.start(client.Options{User: "ann"}), device.start(client.Options{User: "bob"})
		for _, l := range []*life{ann, other, bob} {
			l.say("a")
		}
		synctest.Wait()
		if err := ann.Forget(t.Context()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(11 * time.Second)
		if ann.Status().State != core.Closed || other.Status().State != core.Closed || bob.Status().State == core.Closed {
			t.Errorf("they are %s, %s and %s", ann.Status().State, other.Status().State, bob.Status().State)
		}
		bob.Close()
		if got := device.rows("entry/"); len(got) != 1 {
			t.Errorf("%v are stored", got)
		}
	})

	t.Run("OUT-11 whose it is has to be known without a network", func(t *testing.T) {
		_, err := client.Connect("http://localhost", client.Options{Dir: t.TempDir(), Token: noToken})
		wantCode(t, err, protocol.BadMessage)
	})

	t.Run("a directory that cannot be used is told", func(t *testing.T) {
		_, err := client.Connect("http://localhost", client.Options{Dir: "/dev/null/none"})
		wantCode(t, err, protocol.StorageFailed)
	})

	bubble(t, "OUT-2 of a damaged journal nothing is lost that can be read", func(t *testing.T) {
		d := serveDocuments(t)
		device := newDevice(t, d.Server)
		device.offline(true)
		l := device.start(client.Options{})
		l.say("a")
		synctest.Wait()
		l.say("b")
		synctest.Wait()
		l.kill()
		device.damage(`"a"`)
		device.offline(false)
		device.start(client.Options{})
		time.Sleep(3 * time.Second)
		if got := d.dataOf(t, "chat:a"); !slices.Equal(got, []string{`"b"`}) {
			t.Errorf("the server has %v", got)
		}
		if got := device.failed(); len(got) != 1 || codeOf(got[0]) != protocol.StorageFailed {
			t.Errorf("told were %v", got)
		}
	})
}

func TestCopies(t *testing.T) {
	bubble(t, "COPY-2 a document opens as it was, with what is pending, before any connection", func(t *testing.T) {
		d := serveDocuments(t)
		device := newDevice(t, d.Server)
		open := func() (*life, *client.Records[task]) {
			l := device.start(client.Options{})
			return l, client.OpenRecords[task](l.Client, "records:home", client.RecordsOptions{DocumentOptions: client.DocumentOptions{Offline: true}})
		}
		l, tasks := open()
		ready(t, tasks.Document)
		confirmed(t, tasks.Set("a", task{Title: "one"}).Mutation)
		if _, err := d.Edit(t.Context(), "records:home", map[string]any{"op": "set", "key": "b", "value": task{Title: "two"}}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		device.offline(true)
		tasks.Set("c", task{Title: "three"})
		synctest.Wait()
		shown := titles(tasks)
		l.kill()

		l, tasks = open()
		if got := titles(tasks); tasks.Status() != client.DocumentOpen || tasks.Len() != 3 || got != shown {
			t.Errorf("it is %s and shows %q, not %q", tasks.Status(), got, shown)
		}
		if got := tasks.Pending("c"); len(got) != 1 {
			t.Errorf("pending are %v", got)
		}
		device.offline(false)
		time.Sleep(30 * time.Second)
		if value, _, err := d.Document(t.Context(), "records:home"); err != nil || !strings.Contains(string(value), "three") {
			t.Errorf("the server has %s, %v", value, err)
		}
		if len(l.Outbox().Entries()) > 0 || len(tasks.Pending("c")) > 0 {
			t.Errorf("the outbox has %v", l.Outbox().Entries())
		}
	})

	bubble(t, "COPY-1 what was acknowledged and is not in the stored document shows, and is not sent again", func(t *testing.T) {
		d := serveDocuments(t)
		device := newDevice(t, d.Server)
		open := func() (*life, *client.Counter) {
			l := device.start(client.Options{Roads: []string{"poll"}})
			return l, client.OpenCounter(l.Client, "counter:a", client.DocumentOptions{Offline: true})
		}
		l, likes := open()
		ready(t, likes.Document)
		device.set(hold, "/v1/poll")
		time.Sleep(2 * time.Second) // what is asked next comes nowhere
		made := likes.Add(5)
		time.Sleep(2 * time.Second)
		if got := d.dataOf(t, "counter:a"); len(got) != 1 || likes.Value() != 5 || likes.Confirmed() != 0 || len(l.Outbox().Entries()) > 0 {
			t.Fatalf("the server has %v, it shows %d, confirmed %d, %s", got, likes.Value(), likes.Confirmed(), made.Status())
		}
		device.offline(true)
		l.kill()
		l, likes = open()
		time.Sleep(time.Second)
		if likes.Value() != 5 || likes.Confirmed() != 0 || len(l.Outbox().Entries()) > 0 {
			t.Errorf("it shows %d, confirmed %d, the outbox has %v", likes.Value(), likes.Confirmed(), l.Outbox().Entries())
		}
		device.offline(false)
		time.Sleep(time.Minute)
		if got := d.dataOf(t, "counter:a"); len(got) != 1 || likes.Confirmed() != 5 || likes.Value() != 5 {
			t.Errorf("the server has %v, it shows %d, confirmed %d", got, likes.Value(), likes.Confirmed())
		}
		l.Close()
		if got := device.rows("entry/"); len(got) > 0 {
			t.Errorf("%v are stored", got)
		}
	})

	bubble(t, "COPY-1 a text is kept while something of it waits, and no longer", func(t *testing.T) {
		d := serveDocuments(t)
		device := newDevice(t, d.Server)
		l := device.start(client.Options{})
		note := client.OpenText(l.Client, "text:a", client.DocumentOptions{})
		ready(t, note.Document)
		if _, err := d.Edit(t.Context(), "text:a", text.Insert(0, "hello world")); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		device.offline(true)
		note.Insert(5, ",")
		synctest.Wait()
		l.kill()
		if _, err := d.Edit(t.Context(), "text:a", text.Delete(0, 6)); err != nil {
			t.Fatal(err)
		}
		l = device.start(client.Options{})
		note = client.OpenText(l.Client, "text:a", client.DocumentOptions{})
		if got := note.Value(); got != "hello, world" {
			t.Errorf("it shows %q", got)
		}
		device.offline(false)
		time.Sleep(30 * time.Second)
		if got := note.Value(); got != ",world" {
			t.Errorf("it shows %q", got)
		}
		note.Close()
		time.Sleep(time.Second)
		l.Close()
		for _, key := range device.rows("") {
			if key != "client" && !strings.HasPrefix(key, "topic/") {
				t.Errorf("%s is stored", key)
			}
		}
	})

	bubble(t, "COPY-1 a text with unsettled operations outlives a client that is closed", func(t *testing.T) {
		d := serveDocuments(t)
		device := newDevice(t, d.Server)
		l := device.start(client.Options{})
		note := client.OpenText(l.Client, "text:a", client.DocumentOptions{})
		ready(t, note.Document)
		confirmed(t, note.Insert(0, "hello"))
		device.offline(true)
		m := note.Insert(5, "!")
		synctest.Wait()
		l.Close()
		if _, err := m.Result(); codeOf(err) != protocol.Closed || m.Status() != client.MutationUnconfirmed {
			t.Errorf("what goes on is %s, %v", m.Status(), err)
		}
		l = device.start(client.Options{})
		if got := client.OpenText(l.Client, "text:a", client.DocumentOptions{}).Value(); got != "hello!" {
			t.Errorf("it shows %q", got)
		}
		device.offline(false)
		time.Sleep(30 * time.Second)
		d.has(t, "hello!")
	})

	bubble(t, "COPY-3 entries are folded into a new snapshot when they are many", func(t *testing.T) {
		d := serveDocuments(t)
		device := newDevice(t, d.Server)
		l := device.start(client.Options{})
		likes := client.OpenCounter(l.Client, "counter:a", client.DocumentOptions{Offline: true})
		ready(t, likes.Document)
		for range 600 {
			if _, err := d.Edit(t.Context(), "counter:a", map[string]any{"op": "add", "n": 1}); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(time.Second)
		l.Close()
		if got := device.rows("tail/"); likes.Confirmed() != 600 || len(got) > 256 || len(got) == 0 {
			t.Errorf("it is %d, with %d entries stored", likes.Confirmed(), len(got))
		}
		device.offline(true)
		l = device.start(client.Options{})
		if got := client.OpenCounter(l.Client, "counter:a", client.DocumentOptions{Offline: true}).Value(); got != 600 {
			t.Errorf("it shows %d", got)
		}
	})

	bubble(t, "COPY-4 of more than 100 documents the one that was opened least recently goes", func(t *testing.T) {
		d := serveDocuments(t)
		device := newDevice(t, d.Server)
		l := device.start(client.Options{})
		for i := range 102 {
			likes := client.OpenCounter(l.Client, fmt.Sprintf("counter:%d", i), client.DocumentOptions{Offline: true})
			ready(t, likes.Document)
			time.Sleep(time.Second)
			if i != 1 {
				likes.Close()
			}
		}
		l.Close()
		kept := device.rows("copy/")
		if len(kept) != 100 || slices.Contains(kept, "copy/counter:0") || !slices.Contains(kept, "copy/counter:1") || slices.Contains(kept, "copy/counter:2") {
			t.Errorf("%d are kept: %v", len(kept), kept)
		}
	})

	bubble(t, "COPY-5 what cannot be read is passed over, and what does not fit it is sent as it was made", func(t *testing.T) {
		d := serveDocuments(t)
		device := newDevice(t, d.Server)
		l := device.start(client.Options{})
		note := client.OpenText(l.Client, "text:a", client.DocumentOptions{Offline: true})
		likes := client.OpenCounter(l.Client, "counter:a", client.DocumentOptions{Offline: true})
		ready(t, note.Document)
		ready(t, likes.Document)
		confirmed(t, note.Insert(0, "hello"))
		confirmed(t, likes.Add(3).Mutation)
		device.offline(true)
		note.Insert(5, "!")
		synctest.Wait()
		l.kill()
		device.spoil(func(r shelf.Row) []byte {
			if strings.HasPrefix(r.Key, "copy/") {
				return append(r.Value[:slices.Index(r.Value, '\n')+1:len(r.Value)], "7"...)
			}
			return r.Value
		})
		device.offline(false)
		l = device.start(client.Options{})
		note = client.OpenText(l.Client, "text:a", client.DocumentOptions{Offline: true})
		likes = client.OpenCounter(l.Client, "counter:a", client.DocumentOptions{Offline: true})
		time.Sleep(60 * time.Second)
		if note.Value() != "hello!" || likes.Value() != 3 {
			t.Errorf("they show %q and %d", note.Value(), likes.Value())
		}
		if len(l.Outbox().Dead())+len(l.Outbox().Entries()) > 0 {
			t.Errorf("dead are %v, the outbox has %v", l.Outbox().Dead(), l.Outbox().Entries())
		}
	})

	bubble(t, "COPY-5 an operation that fits neither what is kept nor the server becomes a dead letter", func(t *testing.T) {
		d := serveDocuments(t)
		device := newDevice(t, d.Server)
		l := device.start(client.Options{})
		note := client.OpenText(l.Client, "text:a", client.DocumentOptions{})
		ready(t, note.Document)
		if _, err := d.Edit(t.Context(), "text:a", text.Insert(0, "hello")); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		device.offline(true)
		note.Insert(5, "!")
		synctest.Wait()
		l.kill()
		device.spoil(func(r shelf.Row) []byte {
			if strings.HasPrefix(r.Key, "copy/") {
				return nil
			}
			return r.Value
		})
		for range 600 { // beyond a bar
			if _, err := d.Edit(t.Context(), "text:a", text.Insert(0, "X")); err != nil {
				t.Fatal(err)
			}
		}
		device.offline(false)
		l = device.start(client.Options{})
		note = client.OpenText(l.Client, "text:a", client.DocumentOptions{})
		time.Sleep(time.Minute)
		dead := l.Outbox().Dead()
		if len(l.Outbox().Entries()) > 0 || len(dead) != 1 || dead[0].Doc != "text" || string(dead[0].Data) != `[[5,0,"!"]]` || dead[0].Err.Code != protocol.BadMessage {
			t.Fatalf("the outbox has %v, dead are %+v", l.Outbox().Entries(), dead)
		}
		if err := l.Outbox().Retry(dead[0].ID, "?"); codeOf(err) != protocol.BadOperation {
			t.Errorf("what is no operation is %v", err)
		}
		if err := l.Outbox().Retry(dead[0].ID, text.Insert(600, "?")); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		if got := note.Value(); !strings.HasSuffix(got, "X?hello") || len(l.Outbox().Dead()) > 0 {
			t.Errorf("it shows %q, dead are %v", got, l.Outbox().Dead())
		}
	})

	bubble(t, "COPY-1 notes written on two devices offline, killed, opened offline and then online: both hold everything", func(t *testing.T) {
		d := serveDocuments(t)
		devices := []*device{newDevice(t, d.Server), newDevice(t, d.Server)}
		lives, notes := make([]*life, 2), make([]*client.Text, 2)
		open := func() {
			for i, on := range devices {
				lives[i] = on.start(client.Options{})
				notes[i] = client.OpenText(lives[i].Client, "text:a", client.DocumentOptions{Offline: true})
			}
		}
		open()
		ready(t, notes[0].Document)
		confirmed(t, notes[0].Insert(0, "shared "))
		time.Sleep(time.Second)
		for i, on := range devices {
			on.offline(true)
			notes[i].Insert(notes[i].Len(), fmt.Sprintf("written by %d ", i))
			time.Sleep(time.Second)
			notes[i].Insert(0, fmt.Sprintf("%d: ", i))
		}
		synctest.Wait()
		for _, l := range lives {
			l.kill()
		}
		open()
		for i, note := range notes {
			if want := fmt.Sprintf("%d: shared written by %d ", i, i); note.Value() != want {
				t.Errorf("offline again, device %d shows %q", i, note.Value())
			}
		}
		for _, on := range devices {
			on.offline(false)
		}
		time.Sleep(time.Minute)
		d.has(t, notes[0].Value())
		for _, part := range []string{"0: ", "1: ", "shared ", "written by 0 ", "written by 1 "} {
			if !strings.Contains(notes[0].Value(), part) || notes[0].Value() != notes[1].Value() {
				t.Errorf("they show %q and %q, without %q", notes[0].Value(), notes[1].Value(), part)
			}
		}
		for _, on := range devices {
			if got := on.failed(); len(got) > 0 {
				t.Errorf("told were %v", got)
			}
		}
	})
}
