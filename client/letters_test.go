package client_test

import (
	"net/http"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tuttisync/tutti/client"
	"github.com/tuttisync/tutti/protocol"
)

// bury leaves a dead letter.
func (d *device) bury() {
	d.offline(true)
	l := d.start(client.Options{})
	l.say("no")
	synctest.Wait()
	l.kill()
	d.offline(false)
	l = d.start(client.Options{})
	time.Sleep(5 * time.Second)
	l.kill()
}

// wantTold checks that something was told, and all of it with a code.
func (d *device) wantTold(t *testing.T, code protocol.Code) {
	t.Helper()
	got := d.failed()
	if len(got) == 0 || slices.ContainsFunc(got, func(err error) bool { return codeOf(err) != code }) {
		t.Errorf("told were %v", got)
	}
}

func TestLetters(t *testing.T) {
	bubble(t, "OUT-7 of more than 1,000 dead letters the oldest are given up, which is told", func(t *testing.T) {
		device := newDevice(t, http.NotFoundHandler())
		l := device.start(client.Options{})
		for i := range 1010 {
			l.say(i)
		}
		synctest.Wait()
		l.kill()
		time.Sleep(31 * 24 * time.Hour)
		l = device.start(client.Options{})
		synctest.Wait()
		dead := l.Outbox().Dead()
		if len(dead) != 1000 || string(dead[0].Data) != "10" || string(dead[999].Data) != "1009" {
			t.Errorf("%d are dead", len(dead))
		}
		if got := device.failed(); len(got) != 10 {
			t.Errorf("told were %v", got)
		}
		device.wantTold(t, protocol.QueueFull)
		l.Close()
		if got := device.rows("dead/"); len(got) != 1000 {
			t.Errorf("%d are stored", len(got))
		}
	})

	bubble(t, "OUT-7 DIR-1 those of other clients count", func(t *testing.T) {
		device := newDevice(t, http.NotFoundHandler())
		lives := []*life{device.start(client.Options{}), device.start(client.Options{})}
		for i, l := range lives {
			for range 600 {
				l.say(i)
			}
			synctest.Wait()
			time.Sleep(time.Second)
		}
		for _, l := range lives {
			l.kill()
		}
		time.Sleep(31 * 24 * time.Hour)
		l := device.start(client.Options{})
		time.Sleep(time.Second)
		dead := l.Outbox().Dead()
		if len(dead) != 1000 || string(dead[399].Data) != "0" || string(dead[400].Data) != "1" {
			t.Errorf("%d are dead", len(dead))
		}
		device.wantTold(t, protocol.QueueFull)
		l.Close()
		if got := device.rows("dead/"); len(got) != 1000 {
			t.Errorf("%d are stored", len(got))
		}
	})

	bubble(t, "OUT-7 DIR-1 one of a client beside is told at once, and of age among others", func(t *testing.T) {
		d := serveDocuments(t)
		device := newDevice(t, d.Server)
		device.offline(true)
		lives := []*life{device.start(client.Options{}), device.start(client.Options{})}
		for i, l := range lives {
			l.say([]any{"no", i})
			l.Topic("chat:b").Enqueue("slow", client.PublishOptions{})
			time.Sleep(time.Second)
		}
		for _, l := range lives {
			l.kill()
		}
		device.offline(false)
		l := device.start(client.Options{})
		var changes atomic.Int64
		l.Outbox().OnChange(func() { changes.Add(1) })
		time.Sleep(3 * time.Second)
		dead := l.Outbox().Dead()
		if l.Besides() != 1 || len(dead) != 2 || string(dead[0].Data) != `["no",0]` || string(dead[1].Data) != `["no",1]` {
			t.Fatalf("%d are beside, dead are %+v", l.Besides(), dead)
		}
		if waiting := l.Outbox().Entries(); len(waiting) != 2 || !waiting[0].Time.Before(waiting[1].Time) {
			t.Errorf("%+v wait", waiting)
		}
		if changes.Load() == 0 {
			t.Error("nobody was told")
		}
		for _, letter := range dead {
			if err := l.Outbox().Retry(letter.ID, "yes"); err != nil {
				t.Error(err)
			}
		}
		if dead := l.Outbox().Dead(); len(dead) > 0 {
			t.Errorf("dead are %+v", dead)
		}
		close(d.slow)
		time.Sleep(time.Minute)
		if dead := l.Outbox().Dead(); len(dead) > 0 || l.Besides() > 0 {
			t.Errorf("%d are beside, dead are %+v", l.Besides(), dead)
		}
		if got := d.dataOf(t, "chat:a"); !slices.Equal(got, []string{`"yes"`, `"yes"`}) {
			t.Errorf("the server has %v", got)
		}
	})

	bubble(t, "OUT-7 DIR-1 one of a client beside that is discarded stays away", func(t *testing.T) {
		d := serveDocuments(t)
		device := newDevice(t, d.Server)
		device.bury()
		device.offline(true)
		lives := []*life{device.start(client.Options{}), device.start(client.Options{})}
		for i, l := range lives {
			l.say(i)
		}
		synctest.Wait()
		for _, l := range lives {
			l.kill()
		}
		device.used("dead/", time.Unix(1, 0))
		l := device.start(client.Options{})
		dead := l.Outbox().Dead()
		if len(dead) != 1 {
			t.Fatalf("dead are %+v", dead)
		}
		l.Outbox().Discard(dead[0].ID)
		device.offline(false)
		time.Sleep(time.Minute)
		if got := l.Outbox().Dead(); len(got) > 0 {
			t.Errorf("it is back: %+v", got)
		}
		if got := d.dataOf(t, "chat:a"); len(got) != 2 {
			t.Errorf("the server has %v", got)
		}
	})
}
