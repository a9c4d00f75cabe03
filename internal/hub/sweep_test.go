package hub

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tuttisync/tutti/internal/topic"
	"github.com/tuttisync/tutti/protocol"
	"github.com/tuttisync/tutti/store"
)

// clock is moved by the test alone.
type clock struct {
	mu  sync.Mutex // guards now
	now time.Time
}

func (c *clock) read() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// still makes a node whose time the test moves.
func still(t *testing.T, change ...func(*Config)) (*node, func(time.Duration)) {
	c := &clock{now: time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)}
	n := newNode(t, append(change, func(config *Config) { config.Now = c.read })...)
	return n, func(d time.Duration) {
		t.Helper()
		c.mu.Lock()
		c.now = c.now.Add(d)
		c.mu.Unlock()
		n.Tick()
		must(t, n.tasks.wait(context.Background()))
	}
}

func (n *node) held(name string) []uint64 {
	n.t.Helper()
	page, err := n.History(context.Background(), everyone, protocol.History{Topic: name, Limit: 1000})
	must(n.t, err)
	return offsets(n.t, page)
}

func keeping(ns Namespace) func(*Config) {
	return func(c *Config) { c.Namespace = func(string) (Namespace, error) { return ns, nil } }
}

func TestRetention_TOPIC_5_by_count(t *testing.T) {
	n, pass := still(t, keeping(Namespace{KeepCount: 10}))
	n.tellMany("a", 1, 25)
	n.tellMany("b", 1, 10)
	pass(retainEvery)
	if got := n.held("a"); !slices.Equal(got, count(16, 25)) {
		t.Errorf("a holds %v", got)
	}
	if got := n.held("b"); !slices.Equal(got, count(1, 10)) {
		t.Errorf("b holds %v", got)
	}
	if p := n.tell("a", `26`); p.Offset != 26 {
		t.Errorf("the next entry is at %d", p.Offset)
	}
	pass(retainEvery)
	if got := n.held("a"); !slices.Equal(got, count(17, 26)) {
		t.Errorf("then it holds %v", got)
	}
}

func TestRetention_TOPIC_5_by_age(t *testing.T) {
	n, pass := still(t, keeping(Namespace{KeepAge: time.Hour}))
	for i := range 100 {
		n.tell("a", fmt.Sprint(i))
		pass(time.Minute)
	}
	if got := n.held("a"); got[0] < 39 || got[0] > 42 || len(got) != int(101-got[0]) {
		t.Errorf("after 100 minutes it holds %v", got)
	}
	l := n.reader()
	l.say(`{"type":"subscribe","id":1,"topic":"a"}`)
	l.expect("subscribed")
	pass(2 * time.Hour)
	if got := n.held("a"); len(got) != 0 {
		t.Errorf("in the end it holds %v", got)
	}
	if p := n.tell("a", `101`); p.Offset != 101 {
		t.Errorf("the next entry is at %d", p.Offset)
	}
}

func TestForget_CLIENT_4_KEY_1(t *testing.T) {
	n, pass := still(t)
	secret := protocol.Secret("20781.q83vEjRWeJCrze8SNFZ4kA") // born on 2026-11-24
	l := n.connect(secret, 1)
	l.say(`{"type":"publish","topic":"a","seq":1,"data":1}`)
	l.expect("ack")
	_, err := n.Publish(context.Background(), Publication{Identity: everyone, Topic: "a", Data: []byte(`2`), Key: "k"})
	must(t, err)
	rows := func() int {
		t.Helper()
		pass(forgetEvery)
		pass(retainEvery)
		_, err := n.topic(context.Background(), "a")
		must(t, err)
		pass(retainEvery)
		rows, err := n.log.Rows(context.Background(), "a", "", 100)
		must(t, err)
		return len(rows)
	}
	if got := rows(); got != 2 {
		t.Errorf("%d rows at first", got)
	}
	pass(topic.KeyMemory)
	if got := rows(); got != 1 {
		t.Errorf("%d rows after a day", got)
	}
	pass(topic.Memory)
	if got := rows(); got != 0 {
		t.Errorf("%d rows after a month", got)
	}
}

// However many rows a topic has, a page of them is looked at in each turn, and
// in the end all of them.
func TestForget_CLIENT_4_many_rows_by_pages(t *testing.T) {
	n, pass := still(t)
	const many = 2*forgetPage + 1
	rows := make([]store.Row, many)
	for i := range rows {
		rows[i] = store.Row{Key: topic.ClientKey(fmt.Sprintf("%022d", i)), Value: []byte{1, 1, 1, 1}} // last used in 1970
	}
	must(t, n.log.Append(t.Context(), "a", store.Batch{Entries: [][]byte{[]byte(`{"offset":1,"term":"x","time":1,"data":1}`)}, Rows: rows}))
	_, err := n.topic(t.Context(), "a")
	must(t, err)
	left := func() int {
		rows, err := n.log.Rows(t.Context(), "a", "", many)
		must(t, err)
		return len(rows)
	}
	for _, want := range []int{many - forgetPage, many - 2*forgetPage, 0} {
		pass(retainEvery)
		if got := left(); got != want {
			t.Fatalf("%d rows are left, want %d", got, want)
		}
	}
}

func TestSweep_cold_topics_and_rings(t *testing.T) {
	n, pass := still(t)
	l := n.reader()
	for i := range 20 {
		name := fmt.Sprint("t", i)
		l.say(fmt.Sprintf(`{"type":"subscribe","id":1,"topic":%q}`, name))
		l.expect("subscribed")
		n.tell(name, `1`)
		l.entries(name, 1, 1)
	}
	if n.rings.bytes.Load() == 0 {
		t.Fatal("no ring holds anything")
	}
	for i := range 20 {
		l.say(fmt.Sprintf(`{"type":"unsubscribe","id":1,"topic":"t%d"}`, i))
		l.expect("unsubscribed")
	}
	pass(2 * sweepEvery)
	if got := n.rings.bytes.Load(); got != 0 {
		t.Errorf("rings that nobody reads hold %d bytes", got)
	}
	if n.lookup("t1") == nil {
		t.Error("a topic used just now was let go")
	}
	l.say(`{"type":"subscribe","id":1,"topic":"t0","from":"earliest"}`)
	l.expect("subscribed")
	l.entries("t0", 1, 1)
	for range 4 {
		l.in.Add(1)
		pass(coldAfter / 2)
	}
	if n.lookup("t1") != nil {
		t.Error("a cold topic is still held")
	}
	if n.lookup("t0") == nil {
		t.Error("a topic with a reader was let go")
	}
	n.tell("t0", `2`)
	l.read += l.until("entry")
	l.entries("t0", 2, 2)
	if p := n.tell("t1", `2`); p.Offset != 2 {
		t.Errorf("the cold topic goes on at %d", p.Offset)
	}
}

// All rings together stay within their budget, up to a chunk.
func TestRing_budget(t *testing.T) {
	n := newNode(t, func(c *Config) { c.RingBytes = 100_000 })
	l := n.reader()
	for i := range 50 {
		l.say(fmt.Sprintf(`{"type":"subscribe","id":1,"topic":"t%d"}`, i))
		l.expect("subscribed")
	}
	for round := uint64(1); round <= 40; round++ {
		for i := range 50 {
			n.tell(fmt.Sprint("t", i), fmt.Sprint(round))
			l.entries(fmt.Sprint("t", i), round, round)
		}
		if got := n.rings.bytes.Load(); got > 100_000+maxChunk {
			t.Fatalf("the rings hold %d bytes", got)
		}
	}
}

// One store for both durabilities is followed once.
func TestNew_counts_entries_once(t *testing.T) {
	n := newNode(t)
	if len(n.stop) != 1 {
		t.Errorf("one store is followed %d times", len(n.stop))
	}
}

// A ring that has told nothing for a while keeps what its readers, if they come
// back, are worth; the others read from the store, and lack nothing.
func TestRing_of_few_readers_is_small_when_quiet(t *testing.T) {
	n, pass := still(t)
	l := n.reader()
	l.say(`{"type":"subscribe","id":1,"topic":"a"}`)
	l.expect("subscribed")
	n.tellMany("a", 1, 1000)
	l.entries("a", 1, 1000)
	if got := n.rings.bytes.Load(); got < 50_000 {
		t.Fatalf("in motion it holds %d bytes", got)
	}
	pass(sweepEvery)
	pass(sweepEvery) // the first saw it in motion
	if got := n.rings.bytes.Load(); got > quietRing {
		t.Errorf("quiet it holds %d bytes", got)
	}
	again := n.reader()
	again.say(`{"type":"subscribe","id":1,"topic":"a","from":"earliest"}`)
	again.expect("subscribed")
	again.entries("a", 1, 1000)
	n.tell("a", `1001`)
	l.entries("a", 1001, 1001)
	again.entries("a", 1001, 1001)
}

// A ring that has told nothing for a while gives room to one that does.
func TestRing_budget_is_not_kept_by_the_quiet(t *testing.T) {
	const budget = 128 << 10
	n, pass := still(t, func(c *Config) { c.RingBytes = budget })
	l := n.reader()
	push := func(topic string) int {
		t.Helper()
		for range 2 * budget / 1000 {
			n.tell(topic, fmt.Sprintf("%q", strings.Repeat("x", 1000)))
		}
		h := n.lookup(topic)
		h.mu.Lock()
		defer h.mu.Unlock()
		return h.rings[Messages].bytes
	}
	for _, topic := range []string{"quiet", "loud"} {
		l.say(fmt.Sprintf(`{"type":"subscribe","id":1,"topic":%q}`, topic))
		l.expect("subscribed")
	}
	if got := push("quiet"); got < budget/2 {
		t.Fatalf("alone it has %d bytes", got)
	}
	if got := push("loud"); got > budget/4 {
		t.Fatalf("beside a full ring it has %d bytes", got)
	}
	pass(sweepEvery)
	pass(sweepEvery) // the first saw the quiet one in motion
	push("loud")
	pass(sweepEvery)
	if got := push("loud"); got < budget/3 {
		t.Errorf("in the end it has %d bytes", got)
	}
	if got := n.rings.bytes.Load(); got > budget+maxChunk {
		t.Errorf("the rings hold %d bytes", got)
	}
}
