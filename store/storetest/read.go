package storetest

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tuttisync/tutti/store"
)

func testRead(t *testing.T, b Backend) {
	log := open(t, b.New(t))
	mustAppend(t, log, "a", batch(0, "1", "22", "333", "4444", ""))
	mustAppend(t, log, "a\x00", batch(0, "x"))
	for _, c := range []struct {
		name            string
		topic           string
		after           uint64
		limit, maxBytes int
		want            string
	}{
		{"all", "a", 0, 10, 100, "1:1 2:22 3:333 4:4444 5:"},
		{"a page", "a", 1, 2, 100, "2:22 3:333"},
		{"by bytes", "a", 0, 10, 6, "1:1 2:22 3:333"},
		{"one is larger than the bytes", "a", 3, 10, 1, "4:4444"},
		{"no bytes", "a", 0, 10, 0, "1:1"},
		{"bytes below zero", "a", 0, 10, -1, "1:1"},
		{"bytes without bound", "a", 3, 10, math.MaxInt, "4:4444 5:"},
		{"at the head", "a", 5, 10, 100, ""},
		{"past the head", "a", 9, 10, 100, ""},
		{"at the end of numbers", "a", math.MaxUint64, 10, 100, ""},
		{"no such topic", "b", 0, 10, 100, ""},
		{"no topic at all", "", 0, 10, 100, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			entries, err := log.Read(t.Context(), c.topic, c.after, c.limit, c.maxBytes)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, e := range entries {
				got = append(got, fmt.Sprintf("%d:%s", e.Offset, e.Data))
			}
			if diff := cmp.Diff(c.want, strings.Join(got, " ")); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func testRows(t *testing.T, b Backend) {
	place := b.New(t)
	log := open(t, place)
	set := func(key, value string) store.Row { return store.Row{Key: key, Value: []byte(value)} }
	mustAppend(t, log, "a", store.Batch{Rows: []store.Row{set("b", "1"), set("a", "1"), set("b\x00", ""), set("c", "1"), set("\xff", "1")}})
	mustAppend(t, log, "a", store.Batch{Entries: [][]byte{[]byte("x")}, Rows: []store.Row{set("a", "2"), set("a", "3"), {Key: "c"}, {Key: "none"}, {Key: "b"}, set("b", "4")}})
	mustAppend(t, log, "b", store.Batch{Rows: []store.Row{set("a", "other")}})
	check := func(t *testing.T, log store.Log) {
		for key, want := range map[string][]byte{"a": []byte("3"), "b": []byte("4"), "b\x00": {}, "c": nil, "none": nil, "": nil, "\xff": []byte("1")} {
			value, err := log.Row(t.Context(), "a", key)
			if err != nil || !bytes.Equal(value, want) || (value == nil) != (want == nil) {
				t.Errorf("row %q: %q, %v; want %q", key, value, err, want)
			}
		}
		if value, err := log.Row(t.Context(), "never", "a"); err != nil || value != nil {
			t.Errorf("row of a topic never written to: %q, %v", value, err)
		}
		want := []store.Row{set("a", "3"), set("b", "4"), set("b\x00", ""), set("\xff", "1")}
		for limit := 1; limit <= len(want)+1; limit++ {
			if got := rows(t, log, "a", limit); !cmp.Equal(want, got) {
				t.Errorf("in pages of %d (-want +got):\n%s", limit, cmp.Diff(want, got))
			}
		}
	}
	check(t, log)
	closeLog(t, log)
	check(t, open(t, place))
}

// rows lists all rows of the topic, page by page.
func rows(t testing.TB, log store.Log, topic string, limit int) []store.Row {
	t.Helper()
	found, after := []store.Row{}, ""
	for {
		page, err := log.Rows(t.Context(), topic, after, limit)
		if err != nil {
			t.Fatalf("rows of %q: %v", topic, err)
		}
		if len(page) > limit {
			t.Fatalf("%d rows, want %d at most", len(page), limit)
		}
		if len(page) == 0 {
			return found
		}
		found = append(found, page...)
		after = page[len(page)-1].Key
	}
}

func testTopics(t *testing.T, b Backend) {
	place := b.New(t)
	log := open(t, place)
	names := []string{"b", "a", "a\x00", "a\x00b", "a\xff", "a\xffa", "ab", "chat:1", "chat:10", "chat:2", "chat", "chau", "\xff", "é", strings.Repeat("z", store.MaxTopicBytes)}
	for i, name := range names {
		if i%3 == 0 {
			mustAppend(t, log, name, store.Batch{Rows: []store.Row{{Key: "k", Value: []byte("v")}}})
		} else {
			mustAppend(t, log, name, batch(0, "x"))
		}
	}
	if err := log.Append(t.Context(), "refused", batch(1, "x")); err == nil {
		t.Fatal("no conflict")
	}
	if err := log.Truncate(t.Context(), "a", 9); err != nil {
		t.Fatal(err)
	}
	closeLog(t, log)
	log = open(t, place)
	slices.Sort(names)
	for _, prefix := range []string{"", "a", "a\x00", "a\xff", "chat", "chat:", "chat:1", "d", "\xff", "zz"} {
		var want []string
		for _, name := range names {
			if strings.HasPrefix(name, prefix) {
				want = append(want, name)
			}
		}
		for _, limit := range []int{1, 2, 100} {
			if got := topics(t, log, prefix, limit); !slices.Equal(want, got) {
				t.Errorf("prefix %q in pages of %d: %q, want %q", prefix, limit, got, want)
			}
		}
	}
	if got, err := log.Topics(t.Context(), "chat", "a", 1); err != nil || !slices.Equal(got, []string{"chat"}) {
		t.Errorf("above a name below the prefix: %q, %v", got, err)
	}
	if got, err := log.Topics(t.Context(), "chat", "d", 1); err != nil || len(got) > 0 {
		t.Errorf("above a name past the prefix: %q, %v", got, err)
	}
}

// topics lists all topics with the prefix, page by page.
func topics(t testing.TB, log store.Log, prefix string, limit int) []string {
	t.Helper()
	var found []string
	after := ""
	for {
		page, err := log.Topics(t.Context(), prefix, after, limit)
		if err != nil {
			t.Fatalf("topics with %q: %v", prefix, err)
		}
		if len(page) > limit {
			t.Fatalf("%d topics, want %d at most", len(page), limit)
		}
		if len(page) == 0 {
			return found
		}
		found = append(found, page...)
		after = page[len(page)-1]
	}
}
