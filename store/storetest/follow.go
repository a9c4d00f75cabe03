package storetest

import (
	"fmt"
	"runtime"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tuttisync/tutti/store"
)

// told gathers what followers are told, over all shards. Entries are copied:
// they are the follower's only until it returns.
type told struct {
	mu      sync.Mutex // guards the fields below
	batches map[string][]string
	lasts   map[string]uint64
	faults  []string
	each    func(store.Appended) // called with mu held; may be nil
}

// follow follows all shards until stop is called.
func follow(t testing.TB, log store.Log) (f *told, stop func()) {
	t.Helper()
	f = &told{batches: make(map[string][]string), lasts: make(map[string]uint64)}
	var stops []func()
	for shard := range log.Shards() {
		stop, err := log.Follow(shard, f.hear)
		if err != nil {
			t.Fatalf("follow: %v", err)
		}
		stops = append(stops, stop)
	}
	return f, func() {
		for _, stop := range stops {
			stop()
		}
	}
}

func (f *told) hear(a store.Appended) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if last, ok := f.lasts[a.Topic]; ok && a.First != last+1 {
		f.faults = append(f.faults, fmt.Sprintf("%q: a batch from %d on after one up to %d", a.Topic, a.First, last))
	}
	if len(a.Entries) == 0 {
		f.faults = append(f.faults, fmt.Sprintf("%q: a batch without entries", a.Topic))
	}
	f.lasts[a.Topic] = a.First + uint64(len(a.Entries)) - 1
	text := fmt.Sprintf("%d:%s", a.First, a.Entries)
	f.batches[a.Topic] = append(f.batches[a.Topic], text)
	if f.each != nil {
		f.each(a)
	}
}

func (f *told) check(t testing.TB, want map[string][]string) {
	t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, fault := range f.faults {
		t.Error(fault)
	}
	if diff := cmp.Diff(want, f.batches); diff != "" {
		t.Errorf("told (-want +got):\n%s", diff)
	}
}

func testFollow(t *testing.T, b Backend) {
	log := open(t, b.New(t))
	mustAppend(t, log, "a", batch(0, "before"))
	first, stopFirst := follow(t, log)
	second, stopSecond := follow(t, log)
	mustAppend(t, log, "a", batch(1, "2", "3"))
	mustAppend(t, log, "a", store.Batch{After: 3, Rows: []store.Row{{Key: "k", Value: []byte("v")}}})
	if err := log.Append(t.Context(), "a", batch(1, "refused")); err == nil {
		t.Fatal("no conflict")
	}
	mustAppend(t, log, "b", batch(0, "1"))
	if err := log.Truncate(t.Context(), "a", 3); err != nil {
		t.Fatal(err)
	}
	stopSecond()
	stopSecond()
	mustAppend(t, log, "a", batch(3, ""))
	first.check(t, map[string][]string{"a": {"2:[2 3]", "4:[]"}, "b": {"1:[1]"}})
	second.check(t, map[string][]string{"a": {"2:[2 3]"}, "b": {"1:[1]"}})
	stopFirst()
	mustAppend(t, log, "a", batch(4, "after"))
	first.check(t, map[string][]string{"a": {"2:[2 3]", "4:[]"}, "b": {"1:[1]"}})
}

// testFollowConcurrent has several writers of several topics, and followers
// that look at the log whenever they are told: all must be there.
func testFollowConcurrent(t *testing.T, b Backend) {
	log := open(t, b.New(t))
	f, stop := follow(t, log)
	const topics, each = 8, 50
	var writers sync.WaitGroup
	for i := range topics {
		topic := fmt.Sprintf("t%d", i)
		for range 2 {
			writers.Go(func() {
				for range each {
					appendOne(t, log, topic)
				}
			})
		}
	}
	writers.Wait()
	stop()
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, fault := range f.faults {
		t.Error(fault)
	}
	for i := range topics {
		topic := fmt.Sprintf("t%d", i)
		var want []string
		for o := uint64(1); o <= 2*each; o++ {
			want = append(want, fmt.Sprintf("%d:[%d]", o, o))
		}
		if !slices.Equal(f.batches[topic], want) {
			t.Errorf("%s: told %v", topic, f.batches[topic])
		}
	}
}

// appendOne appends its own offset to the topic, however often others come
// first.
func appendOne(t testing.TB, log store.Log, topic string) {
	for {
		head, err := log.Head(t.Context(), topic)
		if err != nil {
			t.Errorf("head: %v", err)
			return
		}
		err = log.Append(t.Context(), topic, batch(head.Last, fmt.Sprint(head.Last+1)))
		if err == nil {
			return
		}
		if !isConflict(err) {
			t.Errorf("append: %v", err)
			return
		}
	}
}

// testFollowStop stops while a follower runs: stop waits for it, and then it is
// called no more.
func testFollowStop(t *testing.T, b Backend) {
	log := open(t, b.New(t))
	f, stop := follow(t, log)
	entered, leave := make(chan struct{}), make(chan struct{})
	left := false
	f.each = func(store.Appended) {
		close(entered)
		<-leave
		left = true
	}
	var tasks sync.WaitGroup
	tasks.Go(func() { mustTask(t, log.Append(t.Context(), "a", batch(0, "1"))) })
	<-entered
	stopped := make(chan struct{})
	tasks.Go(func() {
		defer close(stopped)
		stop()
	})
	for range 1000 { // a stop that does not wait has every chance to return
		runtime.Gosched()
	}
	select {
	case <-stopped:
		t.Error("stop returned while a follower ran")
	default:
	}
	close(leave)
	<-stopped
	if !left {
		t.Error("stop returned before the follower did")
	}
	tasks.Wait()
	mustAppend(t, log, "a", batch(1, "2"))
	f.check(t, map[string][]string{"a": {"1:[1]"}})
}

// mustTask is for goroutines of a test, which may not end it.
func mustTask(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Error(err)
	}
}
