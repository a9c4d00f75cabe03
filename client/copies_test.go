package client_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tuttisync/tutti/client"
	"github.com/tuttisync/tutti/client/internal/shelf"
	"github.com/tuttisync/tutti/protocol"
	"github.com/tuttisync/tutti/text"
)

// editOffline leaves what a client that has a text, put a letter into it offline
// after five others, and was killed, has left.
func editOffline(t *testing.T, d *documents, device *device, value, letter string) {
	l := device.start(client.Options{})
	note := client.OpenText(l.Client, "text:a", client.DocumentOptions{})
	ready(t, note.Document)
	if _, err := d.Edit(t.Context(), "text:a", text.Insert(0, value)); err != nil {
		t.Fatal(err)
	}
	time.Sleep(time.Second)
	device.offline(true)
	note.Insert(5, letter)
	synctest.Wait()
	l.kill()
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
		time.Sleep(30 * time.Second) // what was asked is answered, and what is asked next comes nowhere
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
		editOffline(t, d, device, "hello world", ",")
		if _, err := d.Edit(t.Context(), "text:a", text.Delete(0, 6)); err != nil {
			t.Fatal(err)
		}
		l := device.start(client.Options{})
		note := client.OpenText(l.Client, "text:a", client.DocumentOptions{})
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
		time.Sleep(5 * time.Second)
		if note.Value() != "hello!" || likes.Value() != 3 {
			t.Errorf("they show %q and %d", note.Value(), likes.Value())
		}
		if len(l.Outbox().Dead())+len(l.Outbox().Entries()) > 0 {
			t.Errorf("dead are %v, the outbox has %v", l.Outbox().Dead(), l.Outbox().Entries())
		}
		if got := device.failed(); len(got) != 2 || codeOf(got[0]) != protocol.StorageFailed {
			t.Errorf("told were %v", got)
		}
	})

	bubble(t, "COPY-5 an operation that fits neither what is kept nor the server becomes a dead letter", func(t *testing.T) {
		d := serveDocuments(t)
		device := newDevice(t, d.Server)
		editOffline(t, d, device, "hello", "!")
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
		l := device.start(client.Options{})
		note := client.OpenText(l.Client, "text:a", client.DocumentOptions{})
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

func TestCopies_stay(t *testing.T) {
	offline := client.DocumentOptions{Offline: true}
	// opened begins a life without a network, and tells what is shown of a text.
	opened := func(device *device) (client.DocumentStatus, string) {
		device.offline(true)
		l := device.start(client.Options{})
		note := client.OpenText(l.Client, "text:a", offline)
		defer l.kill()
		return note.Status(), note.Value()
	}

	bubble(t, "COPY-1 what was opened offline stays when a later life only sends what waits", func(t *testing.T) {
		d := serveDocuments(t)
		device := newDevice(t, d.Server)
		l := device.start(client.Options{})
		note := client.OpenText(l.Client, "text:a", offline)
		ready(t, note.Document)
		device.offline(true)
		note.Insert(0, "hello")
		synctest.Wait()
		l.kill()
		device.offline(false)
		l = device.start(client.Options{}) // does not open it
		time.Sleep(30 * time.Second)
		if got := l.Outbox().Entries(); len(got) > 0 {
			t.Errorf("the outbox has %v", got)
		}
		l.Close()
		if status, got := opened(device); status != client.DocumentOpen || got != "hello" {
			t.Errorf("it is %s and shows %q", status, got)
		}
	})

	bubble(t, "COPY-1 what was opened offline stays when a later life, or another handle, opens and edits it otherwise", func(t *testing.T) {
		d := serveDocuments(t)
		device := newDevice(t, d.Server)
		l := device.start(client.Options{})
		note := client.OpenText(l.Client, "text:a", offline)
		confirmed(t, note.Insert(0, "hello"))
		note.Close()
		time.Sleep(time.Second)
		for range 2 {
			note = client.OpenText(l.Client, "text:a", client.DocumentOptions{})
			ready(t, note.Document)
			confirmed(t, note.Insert(note.Len(), "!"))
			note.Close()
			time.Sleep(time.Second)
			l.Close()
			l = device.start(client.Options{})
		}
		l.kill()
		if status, got := opened(device); status != client.DocumentOpen || got != "hello!!" {
			t.Errorf("it is %s and shows %q", status, got)
		}
	})

	bubble(t, "COPY-1 DIR-1 what a dead client kept stays when the one that takes it over has a text of it that only waits", func(t *testing.T) {
		d := serveDocuments(t)
		device := newDevice(t, d.Server)
		keeps, waits := device.start(client.Options{}), device.start(client.Options{})
		confirmed(t, client.OpenText(keeps.Client, "text:a", offline).Insert(0, "hello"))
		note := client.OpenText(waits.Client, "text:a", client.DocumentOptions{})
		ready(t, note.Document)
		time.Sleep(time.Second)
		keeps.kill()
		device.offline(true)
		note.Insert(note.Len(), "!")
		synctest.Wait()
		time.Sleep(time.Second)
		waits.kill()
		device.used("index/", time.Unix(1, 0))
		device.used("entry/", time.Unix(2, 0))
		device.offline(false)
		l := device.start(client.Options{})
		time.Sleep(30 * time.Second)
		l.Close()
		if status, got := opened(device); status != client.DocumentOpen || got != "hello!" {
			t.Errorf("it is %s and shows %q", status, got)
		}
	})
}
