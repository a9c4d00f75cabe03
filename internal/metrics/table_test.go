package metrics

import (
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/tuttisync/tutti/protocol"
)

// metric is one as the documentation and the registry tell it.
type metric struct {
	kind, labels, meaning string
}

// gathered are the server's own metrics.
func gathered(t *testing.T) map[string]metric {
	t.Helper()
	families, err := New().registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	all := make(map[string]metric)
	for _, f := range families {
		if !strings.HasPrefix(f.GetName(), "tutti_") {
			continue
		}
		var labels []string
		for _, l := range f.GetMetric()[0].GetLabel() {
			labels = append(labels, l.GetName())
		}
		all[f.GetName()] = metric{strings.ToLower(f.GetType().String()), strings.Join(labels, " "), f.GetHelp()}
	}
	return all
}

var tableRow = regexp.MustCompile("(?m)^\\| (`tutti_[^|]*) \\|([^|]*)\\|(?:([^|]*)\\|)?([^|]*)\\|$")

// rows reads the rows of a table of metrics in a document.
func rows(t *testing.T, file string) map[string]metric {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	all := make(map[string]metric)
	for _, m := range tableRow.FindAllStringSubmatch(string(text), -1) {
		for name := range strings.SplitSeq(m[1], ", ") {
			all[strings.Trim(name, "` ")] = metric{strings.TrimSpace(m[2]), strings.Trim(m[3], "` "), strings.TrimSpace(m[4])}
		}
	}
	return all
}

// The guide has a row for every metric, with its type, labels and meaning.
func TestTable_of_the_guide(t *testing.T) {
	want, got := gathered(t), rows(t, "../../docs/guides/operate.md")
	for name, m := range want {
		if got[name] != m {
			t.Errorf("%s: the registry has %+v, the guide %+v", name, m, got[name])
		}
	}
	for name := range got {
		if _, ok := want[name]; !ok {
			t.Errorf("the guide has %s, which is no metric", name)
		}
	}
}

// The README's short table has metrics that there are, with their types.
func TestTable_of_the_README(t *testing.T) {
	want, got := gathered(t), rows(t, "../../README.md")
	for name, m := range got {
		if want[name].kind != m.kind {
			t.Errorf("%s: the README says it is a %s; it is a %s", name, m.kind, want[name].kind)
		}
	}
	if len(got) < 10 {
		t.Errorf("the README has only %q", slices.Collect(maps.Keys(got)))
	}
}

// No metric has a series that was not there from the start.
func TestMetrics_do_not_grow(t *testing.T) {
	m := New()
	before := series(t, m)
	for _, k := range protocol.Codes() {
		m.Failed(k.Code)
	}
	m.Failed("no such code")
	for _, r := range twoWay {
		m.Connected(r, 1)
	}
	for _, r := range oneWay {
		m.Streaming(r, 1)
	}
	if after := series(t, m); after != before {
		t.Errorf("there were %d series, and then %d", before, after)
	}
}

func series(t *testing.T, m *Metrics) int {
	t.Helper()
	families, err := m.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, f := range families {
		if strings.HasPrefix(f.GetName(), "tutti_") && f.GetType().String() != "HISTOGRAM" {
			n += len(f.GetMetric())
		}
	}
	return n
}
