package hub

import (
	"bytes"
	"fmt"
	"net/http/httptest"
	"os"
	"regexp"
	"strconv"
	"testing"

	"github.com/tuttisync/tutti/internal/metrics"
	"github.com/tuttisync/tutti/protocol"
)

// value reads a metric as Prometheus would.
func value(t *testing.T, m *metrics.Metrics, name string) float64 {
	t.Helper()
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	found := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(name) + ` (.*)$`).FindSubmatch(w.Body.Bytes())
	if found == nil {
		t.Fatalf("there is no metric %s in\n%s", name, bytes.TrimSpace(w.Body.Bytes()))
	}
	v, err := strconv.ParseFloat(string(found[1]), 64)
	must(t, err)
	return v
}

func TestMetrics(t *testing.T) {
	t.Run("of_readers", func(t *testing.T) {
		m := metrics.New()
		n := newNode(t, func(config *Config) { config.Metrics = m })
		l := n.reader()
		l.say(`{"type":"subscribe","id":1,"topic":"a"}`)
		l.expect("subscribed")
		const entries = 2000 // of which about 31 are sampled
		for i := range entries {
			n.tell("a", fmt.Sprint(i+1))
			l.entries("a", uint64(i)+1, uint64(i)+1)
		}
		l.quiet()
		for name, want := range map[string]float64{
			`tutti_connections{road="ws"}`:       1,
			`tutti_connections{road="commands"}`: 0,
			`tutti_subscriptions`:                1,
			`tutti_entries_total`:                entries,
			`tutti_delivered_entries_total`:      entries,
			`tutti_lost_total`:                   0,
		} {
			if got := value(t, m, name); got != want {
				t.Errorf("%s is %v, want %v", name, got, want)
			}
		}
		lag, delivery := value(t, m, "tutti_reader_lag_entries_count"), value(t, m, "tutti_delivery_seconds_count")
		if lag == 0 || lag > entries/4 || delivery != lag {
			t.Errorf("of %d reads %v and %v were measured", entries, lag, delivery)
		}
		if sum := value(t, m, "tutti_reader_lag_entries_sum"); sum != lag {
			t.Errorf("a reader that was never behind lagged by %v in %v reads", sum, lag)
		}
	})
	t.Run("of_a_reader_behind", func(t *testing.T) {
		m := metrics.New()
		n := newNode(t, func(config *Config) { config.Metrics = m })
		n.tellMany("a", 1, 200)
		for range 500 {
			s, err := n.Open(t.Context(), StreamConfig{Trusted: true, Topics: []protocol.Subscribe{{Topic: "a", From: protocol.FromEarliest()}}})
			must(t, err)
			_, err = s.Next(t.Context(), nil)
			must(t, err)
			s.Close()
		}
		if lag, sum := value(t, m, "tutti_reader_lag_entries_count"), value(t, m, "tutti_reader_lag_entries_sum"); lag == 0 || sum != 200*lag {
			t.Errorf("%v reads lagged by %v, want 200 each", lag, sum)
		}
		if got := value(t, m, "tutti_delivery_seconds_count"); got != 0 {
			t.Errorf("old entries count as delivered live: %v", got)
		}
		if got := value(t, m, `tutti_streams{road="program"}`); got != 0 {
			t.Errorf("%v streams are left", got)
		}
	})
	t.Run("of_those_who_fall_behind", func(t *testing.T) {
		m := metrics.New()
		n := newNode(t, func(config *Config) { config.Metrics = m })
		l := n.reader()
		l.say(`{"type":"subscribe","id":1,"topic":"a"}`)
		l.expect("subscribed")
		l.stall()
		n.tell("a", "1")
		l.await(t, "the entry", func() bool { return l.done != nil })
		n.tellMany("a", 2, 5)
		_, err := n.Truncate(t.Context(), trusted, "a", 5)
		must(t, err)
		l.release()
		l.entries("a", 1, 1)
		l.expect("subscribed")
		if got := value(t, m, "tutti_lost_total"); got != 1 {
			t.Errorf("%v were lost", got)
		}
		l.entries("a", 5, 5)
		l.stall()
		n.tell("a", "6")
		l.await(t, "the entry", func() bool { return l.done != nil })
		l.mu.Lock()
		done := l.done
		l.mu.Unlock()
		done(fmt.Errorf("write: %w", os.ErrDeadlineExceeded))
		l.end()
		if got := value(t, m, "tutti_stalled_total"); got != 1 {
			t.Errorf("%v were cut", got)
		}
	})
}
