package client_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tuttisync/tutti/client"
	"github.com/tuttisync/tutti/client/internal/shelf"
	"github.com/tuttisync/tutti/protocol"
)

// leave leaves a row of each kind, but for dead letters, of a client that was killed
// offline.
func (d *device) leave(t *testing.T) {
	l := d.start(client.Options{})
	likes, note := l.liked(t)
	l.say("first")
	confirmed(t, likes.Add(1).Mutation)
	time.Sleep(2 * time.Second)
	d.offline(true)
	l.say("a")
	l.say("b")
	likes.Add(2)
	note.Insert(0, "hello")
	synctest.Wait()
	l.kill()
	d.offline(false)
}

func (l *life) liked(t *testing.T) (*client.Counter, *client.Text) {
	offline := client.DocumentOptions{Offline: true}
	likes, note := client.OpenCounter(l.Client, "counter:a", offline), client.OpenText(l.Client, "text:a", offline)
	ready(t, likes.Document)
	ready(t, note.Document)
	return likes, note
}

// swap puts another value in the place of the first row of a kind, or where one would
// be, if there is none.
func (d *device) swap(kind, value string) (key string) {
	d.t.Helper()
	journals := d.journals()
	if len(journals) != 1 {
		d.t.Fatalf("there are %d journals", len(journals))
	}
	key = kind + "/x"
	for _, k := range slices.Backward(d.rows(kind)) {
		key = k
	}
	s, err := shelf.Open(filepath.Dir(journals[0]))
	if err != nil {
		d.t.Fatal(err)
	}
	if err := errors.Join(s.Write([]shelf.Change{{Key: key, Value: []byte(value)}}), s.Close()); err != nil {
		d.t.Fatal(err)
	}
	return key
}

// rename gives a type of documents another name, as a later version of the library
// may know it.
func (d *device) rename(from, to string) {
	d.t.Helper()
	d.spoil(func(r shelf.Row) []byte {
		return bytes.ReplaceAll(r.Value, []byte(`"doc":"`+from), []byte(`"doc":"`+to))
	})
}

func TestRows(t *testing.T) {
	kinds := []string{"client", "topic", "entry", "index", "copy", "tail", "dead"}
	garbage := []struct{ name, row string }{
		{"no row", "x"},
		{"null", "null\n"},
		{"a number", "7\n7"},
		{"an empty object", "{}\n{}"},
		{"of the future", `{"format":9,"topic":7,"made":"now","bytes":"1","used":{},"last":-1,"voids":"x","offset":-3}` + "\n7"},
	}
	for _, kind := range kinds {
		for _, g := range garbage {
			bubble(t, "OUT-13 a row of "+kind+" that is "+g.name+" is told, and holds up nothing else", func(t *testing.T) {
				d := serveDocuments(t)
				device := newDevice(t, d.Server)
				device.leave(t)
				key := device.swap(kind, g.row)
				l := device.start(client.Options{})
				likes, note := l.liked(t)
				l.say("later")
				time.Sleep(30 * time.Second)
				got := d.dataOf(t, "chat:a")
				if !slices.Contains(got, `"later"`) {
					t.Errorf("the server has %v", got)
				}
				switch own := kind == "client" || kind == "topic"; {
				case own && slices.Contains(got, `"b"`):
					t.Error("a client was gone on as of which nobody knows what it has said")
				case !own && !slices.Contains(got, `"b"`): // "a" may be what was damaged
					t.Errorf("the server has %v", got)
				case !own && (likes.Value() != 3 || note.Value() != "hello"):
					t.Errorf("they show %d and %q", likes.Value(), note.Value())
				}
				device.wantTold(t, protocol.StorageFailed)
				l.Close()
				if kind != "copy" && kind != "tail" && kind != "index" && !slices.Contains(device.rows(kind), key) {
					t.Errorf("%s was not left alone", key)
				}
			})
		}
	}

	bubble(t, "OUT-13 a client that cannot be read keeps what only it can send, and hands over the rest", func(t *testing.T) {
		d := serveDocuments(t)
		device := newDevice(t, d.Server)
		device.bury()
		l := device.start(client.Options{})
		likes, _ := l.liked(t)
		confirmed(t, likes.Add(1).Mutation)
		time.Sleep(time.Second)
		device.offline(true)
		l.say("a")
		synctest.Wait()
		l.kill()
		device.swap("client", "{}\n")
		device.start(client.Options{}).kill()
		l = device.start(client.Options{})
		if got := client.OpenCounter(l.Client, "counter:a", client.DocumentOptions{Offline: true}).Value(); got != 1 {
			t.Errorf("it shows %d", got)
		}
		dead := l.Outbox().Dead()
		if len(dead) != 1 {
			t.Fatalf("dead are %+v", dead)
		}
		l.Outbox().Discard(dead[0].ID)
		l.Close()
		l = device.start(client.Options{})
		if got := l.Outbox().Dead(); len(got) > 0 {
			t.Errorf("what was discarded is back: %+v", got)
		}
		l.Close()
		if got := device.rows("entry/"); len(got) != 1 {
			t.Errorf("%v are stored", got)
		}
	})

	for _, kind := range []string{"client", "index"} {
		bubble(t, "OUT-13 DIR-1 the place of a dead client with nothing to send stays, with a row of "+kind+" that cannot be read", func(t *testing.T) {
			d := serveDocuments(t)
			device := newDevice(t, d.Server)
			lives := []*life{device.start(client.Options{}), device.start(client.Options{})}
			likes, _ := lives[0].liked(t)
			confirmed(t, likes.Add(1).Mutation)
			time.Sleep(time.Second)
			lives[0].kill()
			lives[1].say("a")
			time.Sleep(time.Second)
			lives[1].kill()
			device.spoil(func(r shelf.Row) []byte {
				if strings.HasPrefix(r.Key, kind) {
					return []byte("{}\n")
				}
				return r.Value
			})
			device.used("index/", time.Unix(1, 0))
			for n := range 2 {
				l := device.start(client.Options{})
				synctest.Wait()
				l.Close()
				if got := device.failed(); len(got) < n+1 {
					t.Errorf("told were %v", got)
				}
				if got := device.rows("copy/counter:a"); len(got) == 0 {
					t.Error("the place is gone")
				}
			}
			device.wantTold(t, protocol.StorageFailed)
		})
	}

	bubble(t, "OUT-13 a file that cannot be read is told and left alone, and others are used", func(t *testing.T) {
		d := serveDocuments(t)
		device := newDevice(t, d.Server)
		device.offline(true)
		lives := []*life{device.start(client.Options{}), device.start(client.Options{})}
		for _, l := range lives {
			l.say("a")
		}
		synctest.Wait()
		for _, l := range lives {
			l.kill()
		}
		journals := device.journals()
		if len(journals) != 2 {
			t.Fatalf("there are %d journals", len(journals))
		}
		if err := errors.Join(os.Rename(journals[0], journals[0]+".kept"), os.Mkdir(journals[0], 0o700)); err != nil {
			t.Fatal(err)
		}
		device.offline(false)
		device.start(client.Options{})
		time.Sleep(30 * time.Second)
		if got := d.dataOf(t, "chat:a"); !slices.Equal(got, []string{`"a"`}) {
			t.Errorf("the server has %v", got)
		}
		device.wantTold(t, protocol.StorageFailed)
		if _, err := os.Stat(journals[0] + ".kept"); err != nil {
			t.Error(err)
		}
	})

	bubble(t, "OUT-13 COPY-5 of a document shows what stands before an entry that cannot be read, which comes again", func(t *testing.T) {
		d := serveDocuments(t)
		device := newDevice(t, d.Server)
		open := func() (*life, *client.Counter) {
			l := device.start(client.Options{})
			return l, client.OpenCounter(l.Client, "counter:a", client.DocumentOptions{Offline: true})
		}
		l, likes := open()
		ready(t, likes.Document)
		for range 3 {
			confirmed(t, likes.Add(1).Mutation)
		}
		time.Sleep(time.Second)
		l.kill()
		device.spoil(func(r shelf.Row) []byte {
			if strings.HasPrefix(r.Key, "tail/") && strings.HasSuffix(r.Key, "2") {
				return []byte("{}")
			}
			return r.Value
		})
		device.offline(true)
		l, likes = open()
		if likes.Value() != 1 {
			t.Errorf("offline it shows %d", likes.Value())
		}
		synctest.Wait()
		device.wantTold(t, protocol.StorageFailed)
		device.offline(false)
		time.Sleep(30 * time.Second)
		l.kill()
		device.offline(true)
		told := len(device.failed())
		l, likes = open()
		synctest.Wait()
		if likes.Value() != 3 || len(device.failed()) > told {
			t.Errorf("it shows %d, told were %v", likes.Value(), device.failed()[told:])
		}
		l.kill()
	})

	bubble(t, "OUT-13 an operation that is none holds up nothing else", func(t *testing.T) {
		d := serveDocuments(t)
		device := newDevice(t, d.Server)
		device.leave(t)
		device.spoil(func(r shelf.Row) []byte {
			if strings.HasPrefix(r.Key, "entry/") && bytes.Contains(r.Value, []byte(`"doc"`)) {
				return append(r.Value[:bytes.IndexByte(r.Value, '\n')+1:len(r.Value)], `{"x":1}`...)
			}
			return r.Value
		})
		l := device.start(client.Options{})
		l.liked(t)
		time.Sleep(30 * time.Second)
		if got := d.dataOf(t, "chat:a"); !slices.Equal(got, []string{`"first"`, `"a"`, `"b"`}) {
			t.Errorf("the server has %v", got)
		}
		if got, dead := l.Outbox().Entries(), l.Outbox().Dead(); len(got) > 0 || len(dead) != 2 {
			t.Errorf("the outbox has %v, dead are %v", got, dead)
		}
	})

	bubble(t, "OUT-13 operations of a type that the client does not have wait for one that has", func(t *testing.T) {
		d := serveDocuments(t)
		device := newDevice(t, d.Server)
		device.leave(t)
		device.rename("text", "next")
		l := device.start(client.Options{})
		time.Sleep(30 * time.Second)
		if got := l.Outbox().Entries(); len(got) != 1 || got[0].Doc != "next" {
			t.Errorf("the outbox has %+v", got)
		}
		if got := d.dataOf(t, "chat:a"); !slices.Equal(got, []string{`"first"`, `"a"`, `"b"`}) {
			t.Errorf("the server has %v", got)
		}
		l.kill()
		device.rename("next", "text")
		l = device.start(client.Options{})
		time.Sleep(30 * time.Second)
		d.has(t, "hello")
		if got := l.Outbox().Entries(); len(got)+len(device.failed()) > 0 {
			t.Errorf("the outbox has %+v, told were %v", got, device.failed())
		}
	})

	bubble(t, "OUT-13 OUT-3 what is beside, of a type that the client does not have, waits, and nobody is connected for it", func(t *testing.T) {
		d := serveDocuments(t)
		device := newDevice(t, d.Server)
		device.leave(t)
		device.rename("text", "next")
		device.offline(true)
		lives := []*life{device.start(client.Options{}), device.start(client.Options{})}
		lives[1].say("c")
		synctest.Wait()
		for _, l := range lives {
			l.kill()
		}
		device.used("copy/", time.Unix(1, 0))
		device.offline(false)
		l := device.start(client.Options{})
		time.Sleep(30 * time.Second)
		got := d.dataOf(t, "chat:a")
		slices.Sort(got)
		if !slices.Equal(got, []string{`"a"`, `"b"`, `"c"`, `"first"`}) || len(l.Outbox().Entries()) > 0 {
			t.Errorf("the server has %v, the outbox %+v", got, l.Outbox().Entries())
		}
		if got := l.Besides(); got != 0 {
			t.Errorf("%d are connected beside", got)
		}
		l.Close()
		if got := device.rows("entry/"); len(got) != 1 {
			t.Errorf("%v are stored", got)
		}
	})
}
