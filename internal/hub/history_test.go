package hub

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/tuttisync/tutti/auth"
	"github.com/tuttisync/tutti/protocol"
	"github.com/tuttisync/tutti/store/memory"
)

// offsets are those of a page's entries.
func offsets(t testing.TB, page *protocol.HistoryPage) []uint64 {
	t.Helper()
	all := []uint64{}
	for _, stored := range page.Entries {
		e, err := protocol.ParseEntry(stored)
		must(t, err)
		all = append(all, e.Offset)
	}
	return all
}

func count(first, last uint64) []uint64 {
	all := []uint64{}
	for o := first; o <= last; o++ {
		all = append(all, o)
	}
	return all
}

func at(offset uint64) *uint64 { return &offset }

func TestHistory_HTTP_2(t *testing.T) {
	before := newNode(t)
	before.tellMany("a", 1, 150)
	must(t, before.log.Truncate(context.Background(), "a", 11))
	n := newNode(t, over(before.log))
	for _, c := range []struct {
		name string
		q    protocol.History
		want []uint64
	}{
		{"newest_100", protocol.History{}, count(51, 150)},
		{"newest_few", protocol.History{Limit: 3}, count(148, 150)},
		{"more_than_there_are", protocol.History{Limit: 1000}, count(11, 150)},
		{"after", protocol.History{After: at(100), Limit: 7}, count(101, 107)},
		{"after_the_newest", protocol.History{After: at(150)}, count(1, 0)},
		{"after_the_future", protocol.History{After: at(protocol.MaxOffset)}, count(1, 0)},
		{"after_what_is_forgotten", protocol.History{After: at(0), Limit: 2}, count(11, 12)},
		{"before", protocol.History{Before: at(100), Limit: 7}, count(93, 99)},
		{"before_the_future", protocol.History{Before: at(protocol.MaxOffset), Limit: 2}, count(149, 150)},
		{"before_the_first_few", protocol.History{Before: at(13)}, count(11, 12)},
		{"before_the_first", protocol.History{Before: at(11)}, count(1, 0)},
		{"before_1", protocol.History{Before: at(1)}, count(1, 0)},
		{"before_0", protocol.History{Before: at(0)}, count(1, 0)},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.q.Topic = "a"
			page, err := n.History(context.Background(), everyone, c.q)
			must(t, err)
			if got := offsets(t, page); !slices.Equal(got, c.want) {
				t.Errorf("got %v, want %v", got, c.want)
			}
			if page.First != 11 || page.Head.Offset != 150 || page.Head.Term != before.log.Term() {
				t.Errorf("first %d, head %v", page.First, page.Head)
			}
		})
	}
}

// A page that would be too large is shorter, never with a hole: pages going
// back, and pages going on, hold every entry once.
func TestHistory_HTTP_2_large_entries(t *testing.T) {
	n := newNode(t)
	const last = 120
	for i := range last {
		size := 60_000
		if i%40 < 20 {
			size = 10
		}
		n.tell("a", `"`+strings.Repeat("x", size)+`"`)
	}
	check := func(page *protocol.HistoryPage) {
		t.Helper()
		bytes := 0
		for _, e := range page.Entries {
			bytes += len(e)
		}
		if bytes > 2*maxHistoryBytes || len(page.Entries) == 0 {
			t.Fatalf("a page of %d entries with %d bytes", len(page.Entries), bytes)
		}
	}
	back := []uint64{}
	for end := uint64(last + 1); end > 1; {
		page, err := n.History(context.Background(), everyone, protocol.History{Topic: "a", Before: at(end), Limit: 100})
		must(t, err)
		check(page)
		back = append(offsets(t, page), back...)
		end = back[0]
	}
	if !slices.Equal(back, count(1, last)) {
		t.Errorf("going back: %v", back)
	}
	on := []uint64{}
	for len(on) < last {
		page, err := n.History(context.Background(), everyone, protocol.History{Topic: "a", After: at(uint64(len(on))), Limit: 100})
		must(t, err)
		check(page)
		on = append(on, offsets(t, page)...)
	}
	if !slices.Equal(on, count(1, last)) {
		t.Errorf("going on: %v", on)
	}
}

func TestTopics_HTTP_3(t *testing.T) {
	volatile := memory.New()
	n := newNode(t, func(c *Config) {
		c.Memory = volatile
		c.Namespace = func(topic string) (Namespace, error) {
			return Namespace{Memory: protocol.Namespace(topic) == "m"}, nil
		}
	})
	for _, topic := range []string{"d:1", "m:2", "d:3", "m:1", "é", "Z"} {
		n.tell(topic, `1`)
	}
	n.tell("m:2", `2`)
	list := func(prefix, after string, limit int) string {
		infos, err := n.Topics(context.Background(), everyone, prefix, after, limit)
		must(t, err)
		names := []string{}
		for _, i := range infos {
			names = append(names, fmt.Sprintf("%s %d-%d", i.Topic, i.First, i.Head.Offset))
			if i.Head.Term == "" {
				t.Errorf("%s has no term", i.Topic)
			}
		}
		return strings.Join(names, ", ")
	}
	for _, c := range []struct {
		prefix, after string
		limit         int
		want          string
	}{
		{"", "", 10, "Z 1-1, d:1 1-1, d:3 1-1, m:1 1-1, m:2 1-2, é 1-1"},
		{"", "d:1", 2, "d:3 1-1, m:1 1-1"},
		{"m", "", 10, "m:1 1-1, m:2 1-2"},
		{"m:", "m:1", 10, "m:2 1-2"},
		{"none", "", 10, ""},
	} {
		if got := list(c.prefix, c.after, c.limit); got != c.want {
			t.Errorf("prefix %q after %q: %s, want %s", c.prefix, c.after, got, c.want)
		}
	}
	_, err := n.Topics(context.Background(), auth.Identity{Sub: "bob", Grants: []auth.Grant{{Topics: "m:*", Verbs: auth.Verbs()}}}, "m:", "", 1)
	if protocol.AsError(err).Code != protocol.Forbidden || err == nil {
		t.Errorf("with admin on one namespace alone: %v", err)
	}
}
