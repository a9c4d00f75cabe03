package hub

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tuttisync/tutti/auth"
	"github.com/tuttisync/tutti/internal/session"
	"github.com/tuttisync/tutti/protocol"
)

func TestClaims_CLIENT_3_a_higher_run_takes_over(t *testing.T) {
	n := newNode(t)
	secret := newSecret(t)
	old := n.connect(secret, 1)
	old.say(`{"type":"publish","topic":"a","seq":1,"data":1}`)
	old.expect("ack")
	young := n.connect(secret, 2)
	if m, code := old.end(); m.Type != "close" || m.code() != protocol.Replaced || code != 4207 {
		t.Errorf("the older one ended with %+v, %d", m, code)
	}
	young.say(`{"type":"publish","topic":"a","seq":1,"data":1}`)
	if m := young.expect("ack"); m.Offset != 1 {
		t.Errorf("got %+v", m)
	}
	young.say(`{"type":"publish","topic":"a","seq":2,"data":2}`)
	young.expect("ack")
}

func TestClaims_CLIENT_3_a_lower_or_the_same_run_is_stale(t *testing.T) {
	n := newNode(t)
	secret := newSecret(t)
	owner := n.connect(secret, 5)
	for _, run := range []int{4, 5} {
		l := n.open()
		l.say(fmt.Sprintf(`{"type":"hello","clients":[{"secret":%q,"run":%d}]}`, secret, run))
		if m, code := l.end(); m.code() != protocol.StaleRun || code != 4101 {
			t.Errorf("run %d ended with %+v, %d", run, m, code)
		}
	}
	owner.quiet()
}

// A client that is proved later is the connection's as one of hello is, until
// it is left out.
func TestClaims_HELLO_4_prove(t *testing.T) {
	n := newNode(t)
	first, second := newSecret(t), newSecret(t)
	l := n.connect(first, 1)
	old := n.connect(second, 1)
	prove := func(id int, runs ...int) {
		var proofs []string
		for i, run := range runs {
			proofs = append(proofs, fmt.Sprintf(`{"secret":%q,"run":%d}`, []protocol.Secret{first, second}[i], run))
		}
		l.say(fmt.Sprintf(`{"type":"prove","id":%d,"clients":[%s]}`, id, strings.Join(proofs, ",")))
	}
	prove(1, 1, 1)
	if m := l.expect("error"); m.code() != protocol.StaleRun {
		t.Errorf("got %+v", m)
	}
	old.quiet()
	prove(2, 1, 2)
	l.expect("proved")
	if m, _ := old.end(); m.code() != protocol.Replaced {
		t.Errorf("the older one ended with %+v", m)
	}
	prove(3, 2, 2)
	l.expect("proved")
	l.say(fmt.Sprintf(`{"type":"publish","topic":"a","client":%q,"seq":1,"data":1}`, protocol.ClientID("alice", second)))
	l.expect("ack")

	prove(4, 2)
	l.expect("proved")
	elsewhere := n.connect(second, 2)
	elsewhere.say(`{"type":"publish","topic":"a","seq":2,"data":1}`)
	elsewhere.expect("ack")
	l.quiet()
}

// A hello with one stale client takes none of its others.
func TestClaims_CLIENT_3_all_or_none(t *testing.T) {
	n := newNode(t)
	first, second := newSecret(t), newSecret(t)
	a, b := n.connect(first, 1), n.connect(second, 7)
	l := n.open()
	l.say(fmt.Sprintf(`{"type":"hello","clients":[{"secret":%q,"run":2},{"secret":%q,"run":7}]}`, first, second))
	if m, _ := l.end(); m.code() != protocol.StaleRun {
		t.Errorf("got %+v", m)
	}
	a.quiet()
	b.quiet()
}

// Once its connection has gone a client is free, and what the log remembers of
// its run still counts.
func TestClaims_PUB_9_run_is_remembered(t *testing.T) {
	n := newNode(t)
	secret := newSecret(t)
	l := n.connect(secret, 5)
	l.say(`{"type":"publish","topic":"a","seq":1,"data":1}`)
	l.expect("ack")
	l.Close(0, "")
	must(t, n.members.wait(t.Context()))
	late := n.connect(secret, 4)
	late.say(`{"type":"publish","topic":"a","seq":2,"data":1}`)
	if m := late.expect("refused"); m.code() != protocol.StaleRun {
		t.Errorf("got %+v", m)
	}
}

// An entry that was on its way when its client was taken over is not taken.
func TestClaims_PUB_9_in_flight(t *testing.T) {
	gate, asked := make(chan struct{}), make(chan struct{}, 1)
	n := newNode(t, onPublish(func(context.Context, auth.Identity, *Message) error {
		asked <- struct{}{}
		<-gate
		return nil
	}))
	secret := newSecret(t)
	old := n.connect(secret, 1)
	old.say(`{"type":"publish","topic":"a","seq":1,"data":"old"}`)
	<-asked
	young := n.connect(secret, 2)
	old.end()
	close(gate)
	young.say(`{"type":"publish","topic":"a","seq":1,"data":"young"}`)
	if m := young.expect("ack"); m.Offset != 1 {
		t.Errorf("got %+v", m)
	}
	page, err := n.History(context.Background(), everyone, protocol.History{Topic: "a"})
	must(t, err)
	if e, err := protocol.ParseEntry(page.Entries[0]); len(page.Entries) != 1 || err != nil || string(e.Data) != `"young"` {
		t.Errorf("the log holds %s", page.Entries)
	}
}

// A client's run is known for a minute after its last request over HTTP, and
// then forgotten.
func TestClaims_ROAD_6_a_run_is_remembered_for_a_minute(t *testing.T) {
	now := time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC)
	c := claims{owners: make(map[string]claim)}
	request := func(road session.Road) *Conn {
		return &Conn{session: session.New(&session.Config{}, "", road, now)}
	}
	take := func(conn *Conn, run uint64) bool {
		_, err := c.take(conn, []session.Client{{ID: "a", Run: run}})
		return err == nil
	}
	release := func(conn *Conn) { c.release(conn, []session.Client{{ID: "a"}}, now) }
	pass := func(d time.Duration) {
		now = now.Add(d)
		c.forget(now)
	}
	first, second := request(session.Stream), request(session.Batch)
	if !take(first, 5) || !take(second, 5) {
		t.Fatal("two requests do not share a run")
	}
	release(first)
	pass(2 * time.Minute)
	if take(request(session.TwoWay), 5) {
		t.Error("a WebSocket shares the run of a request")
	}
	release(second)
	pass(59 * time.Second)
	if take(request(session.Batch), 4) || take(request(session.TwoWay), 4) {
		t.Error("a lower run is taken within the minute")
	}
	third := request(session.Batch)
	if !take(third, 5) {
		t.Error("the same run is stale within the minute")
	}
	release(third)
	pass(59 * time.Second)
	if c.run("a") != 5 {
		t.Error("the minute does not begin with the last request")
	}
	pass(time.Second)
	if len(c.owners) != 0 || len(c.idle) != 0 {
		t.Errorf("%v and %v are left", c.owners, c.idle)
	}
}

func TestClaims_ROAD_6_what_is_remembered_is_bounded(t *testing.T) {
	n := newNode(t)
	conn := n.Accept(newPeer(), Opening{Road: session.Batch})
	defer conn.Closed()
	c := claims{owners: make(map[string]claim)}
	for i := range maxIdle + 2 {
		clients := []session.Client{{ID: fmt.Sprint(i), Run: 1}}
		if _, err := c.take(conn, clients); err != nil {
			t.Fatal(err)
		}
		c.release(conn, clients, n.now())
	}
	if len(c.idle) > maxIdle || len(c.owners) > maxIdle {
		t.Errorf("%d departures and %d runs are remembered", len(c.idle), len(c.owners))
	}
	if c.run(fmt.Sprint(maxIdle+1)) != 1 || c.run("0") != 0 {
		t.Error("it is not the oldest that were forgotten")
	}
}
