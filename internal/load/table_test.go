package load

import (
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
)

func TestMarkdown(t *testing.T) {
	table := Table{
		Title:   "What",
		Figures: []Figure{{"time, ms", 1}, {"memory", 0}, {"errors", 0}},
		Cases:   []Case{{Name: "one"}, {Name: "two"}},
	}
	none := math.NaN()
	got := table.markdown(results{
		{{3, none, 0}, {1, none, 0}, {2, none, 0}},
		{{4, 7, 0}, {5, 7, 1}, {4.5, 7, 0}},
	})
	const want = `### What

| | one | two |
|---|---:|---:|
| time, ms | 2.0 [1.0–3.0] | 4.5 [4.0–5.0] × 2.25 |
| memory | – | 7 [7–7] |
| errors | 0 [0–0] | 0 [0–1] |
`
	if got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

func TestMetric(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("# HELP tutti_connections x\ntutti_connections 12\ntutti_fsync_seconds_count 1e+03\nbad x\n"))
	}))
	defer server.Close()
	target := Target{URL: server.URL}
	if c, f := target.connections(t.Context()), target.fsyncs(t.Context()); c != 12 || f != 1000 {
		t.Errorf("%v connections, %v fsyncs", c, f)
	}
	for _, name := range []string{"bad", "other"} {
		if v := target.metric(t.Context(), name); !math.IsNaN(v) {
			t.Errorf("%s is %v", name, v)
		}
	}
}

func TestProcess(t *testing.T) {
	if _, err := os.Stat("/proc/self/status"); err != nil {
		t.Skip("there is no /proc here")
	}
	own := process(os.Getpid())
	if err := own.forgetPeak(); err != nil {
		t.Fatal(err)
	}
	if own.resident() < 1 || own.peak() < 1 || own.peak() > 100_000 || !(own.cpu() >= 0) {
		t.Errorf("holds %v, at most %v, used %v", own.resident(), own.peak(), own.cpu())
	}
	var elsewhere process
	if !math.IsNaN(elsewhere.resident()) || !math.IsNaN(elsewhere.cpu()) || elsewhere.forgetPeak() != nil {
		t.Error("a process elsewhere was measured")
	}
}
