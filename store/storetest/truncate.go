package storetest

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tuttisync/tutti/store"
)

func testTruncate(t *testing.T, b Backend) {
	test, place := t, b.New(t)
	log := open(t, place)
	mustAppend(t, log, "a", batch(0, "1", "2", "3", "4"))
	mustAppend(t, log, "b", batch(0, "1", "2"))
	term := log.Term()
	for _, step := range []struct {
		name   string
		before uint64
		append []string
		first  uint64
		want   []string
	}{
		{"nothing", 0, nil, 1, []string{"1:1", "2:2", "3:3", "4:4"}},
		{"below the first", 1, nil, 1, []string{"1:1", "2:2", "3:3", "4:4"}},
		{"some", 3, nil, 3, []string{"3:3", "4:4"}},
		{"less than before", 2, nil, 3, []string{"3:3", "4:4"}},
		{"all", 5, nil, 5, []string{}},
		{"then append", 5, []string{"5", "6"}, 5, []string{"5:5", "6:6"}},
		{"past the head", 1<<64 - 1, nil, 7, []string{}},
		{"then append again", 0, []string{"7"}, 7, []string{"7:7"}},
	} {
		t.Run(step.name, func(t *testing.T) {
			if err := log.Truncate(t.Context(), "a", step.before); err != nil {
				t.Fatal(err)
			}
			last := lastOf(t, log, "a")
			if step.append != nil {
				mustAppend(t, log, "a", batch(last, step.append...))
				last += uint64(len(step.append))
				term = log.Term()
			}
			// Once as it is, once as it is on disk.
			for range 2 {
				head, err := log.Head(t.Context(), "a")
				if want := (store.Head{First: step.first, Last: last, Term: term}); err != nil || head != want {
					t.Errorf("head %+v, %v; want %+v", head, err, want)
				}
				if diff := cmp.Diff(step.want, all(t, log, "a")); diff != "" {
					t.Errorf("log (-want +got):\n%s", diff)
				}
				closeLog(t, log)
				log = open(test, place)
			}
		})
	}
	if diff := cmp.Diff([]string{"1:1", "2:2"}, all(t, log, "b")); diff != "" {
		t.Errorf("another topic (-want +got):\n%s", diff)
	}
	if err := log.Truncate(t.Context(), "never", 5); err != nil {
		t.Errorf("truncate a topic never written to: %v", err)
	}
	if head, err := log.Head(t.Context(), "never"); err != nil || head != (store.Head{First: 1}) {
		t.Errorf("then its head is %+v, %v", head, err)
	}
}
