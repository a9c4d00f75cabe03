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
	"github.com/tuttisync/tutti/protocol"
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

	bubble(t, "OUT-3 DIR-1 two clients are two, and what a dead one has left is sent beside", func(t *testing.T) {
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

	bubble(t, "OUT-7 DIR-1 a dead letter of a client beside is handed over", func(t *testing.T) {
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
			e.Name, e.Data = "new", []byte(`{"body":"a"}`)
			return e, true
		}})
		time.Sleep(3 * time.Second)
		for e, err := range d.entries(t, "chat:a") {
			if err != nil || e.Name != "new" {
				t.Errorf("the server has %+v, %v", e, err)
			}
		}
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

	bubble(t, "OUT-10 what was sent from memory keeps no later life from being heard", func(t *testing.T) {
		d := serveDocuments(t)
		device := newDevice(t, d.Server)
		first := device.start(client.Options{})
		awaitRoad(t, first.Client, "ws")
		first.say("stored")
		time.Sleep(time.Second)
		device.fill(true)
		first.say("from memory")
		time.Sleep(3 * time.Second)
		first.kill()
		device.fill(false)
		second := device.start(client.Options{})
		awaitRoad(t, second.Client, "ws")
		second.say("b")
		second.say("c")
		time.Sleep(5 * time.Second)
		if got := d.dataOf(t, "chat:a"); !slices.Equal(got, []string{`"stored"`, `"from memory"`, `"b"`, `"c"`}) {
			t.Errorf("the server has %v", got)
		}
	})

	bubble(t, "OUT-10 what is stored and was never sent waits, and comes once, though the life ends before anything can be stored again", func(t *testing.T) {
		d := serveDocuments(t)
		device := newDevice(t, d.Server)
		device.offline(true)
		first := device.start(client.Options{})
		first.say("stored")
		time.Sleep(time.Second)
		device.fill(true)
		device.offline(false)
		first.say("behind it")
		client.OpenCounter(first.Client, "counter:a", client.DocumentOptions{}).Add(1)
		time.Sleep(30 * time.Second)
		if got := append(d.dataOf(t, "chat:a"), d.dataOf(t, "counter:a")...); !slices.Equal(got, []string{`{"op":"add","n":1}`}) {
			t.Errorf("with a full disk the server has %v", got)
		}
		first.kill()
		device.fill(false)
		device.start(client.Options{})
		time.Sleep(30 * time.Second)
		if got := append(d.dataOf(t, "chat:a"), d.dataOf(t, "counter:a")...); !slices.Equal(got, []string{`"stored"`, `{"op":"add","n":1}`}) {
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

	bubble(t, "OUT-12 DIR-4 forget erases all of the user, and ends the user's other clients", func(t *testing.T) {
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

	bubble(t, "OUT-11 without a name it is the sub of the token whose it is", func(t *testing.T) {
		device := newDevice(t, http.NotFoundHandler())
		for i, token := range []string{"x.eyJzdWIiOiJhbm4ifQ.y", "x.eyJzdWIiOiJib2IifQ.y", "nonsense", "x.eyJzdWIiOiJhbm4ifQ.z"} { // ann, bob, none, ann
			l := device.start(client.Options{StaticToken: token})
			if got := dataIn(l.Outbox().Entries()); i < 3 && len(got) > 0 || i == 3 && !slices.Equal(got, []string{"0"}) {
				t.Errorf("with the token %s the outbox has %v", token, got)
			}
			l.say(i)
			synctest.Wait()
			l.kill()
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

	bubble(t, "DIR-3 of a damaged journal nothing is lost that can be read", func(t *testing.T) {
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
