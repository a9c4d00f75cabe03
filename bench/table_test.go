package main

import (
	"slices"
	"testing"
	"time"

	"github.com/tuttisync/tutti/internal/load"
)

func TestMedian(t *testing.T) {
	for _, test := range []struct {
		values []float64
		want   float64
	}{
		{[]float64{7}, 7},
		{[]float64{9, 1}, 1},
		{[]float64{30, 10, 20}, 20},
		{[]float64{4, 3, 2, 1}, 2},
	} {
		var runs [][]float64
		for _, v := range test.values {
			runs = append(runs, []float64{-1, v})
		}
		if got := median(sorted(runs, 1)); got != test.want {
			t.Errorf("median of %v is %v, want %v", test.values, got, test.want)
		}
	}
}

func TestQuantile(t *testing.T) {
	var sorted []time.Duration
	for i := range 101 {
		sorted = append(sorted, time.Duration(i))
	}
	for q, want := range map[float64]time.Duration{0: 0, 0.5: 50, 0.99: 99, 1: 100} {
		if got := quantile(sorted, q); got != want {
			t.Errorf("quantile %v is %d, want %d", q, got, want)
		}
	}
}

func TestTable(t *testing.T) {
	p := part{
		title:   "T",
		figures: []figure{{name: "cost", digits: 1}, {name: "rate", rate: true}},
		servers: []string{"a", "b"},
	}
	for name, test := range map[string]struct {
		results map[string][][]float64
		rows    string
	}{
		"one run": {
			map[string][][]float64{"a": {{2, 300}}, "b": {{5, 400}}},
			"| cost | 2.0 | 5.0 × 2.50 |\n| rate | 300 | 400 × 0.75 |\n",
		},
		"ranges apart, and ranges that overlap": {
			map[string][][]float64{"a": {{2, 300}, {3, 200}, {1, 400}}, "b": {{5, 390}, {4, 400}, {9, 600}}},
			"| cost | 2.0 [1.0–3.0] | 5.0 [4.0–9.0] × 2.50 |\n| rate | 300 [200–400] | 400 [390–600] × 0.75? |\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			want := "\n### T\n\n| | a | b |\n|---|---:|---:|\n" + test.rows
			if got := p.table(test.results); got != want {
				t.Errorf("table\n%s\nwant\n%s", got, want)
			}
		})
	}
}

func TestEachSent(t *testing.T) {
	first, second := time.Unix(1, 5), time.Unix(2, 6)
	frame := slices.Concat([]byte(`{"push":`), message(first), []byte("}\n{\"push\":"), message(second), []byte("}"))
	var got []time.Time
	if err := load.EachDue(frame, func(at time.Time) { got = append(got, at) }); err != nil {
		t.Fatal(err)
	}
	if !slices.EqualFunc(got, []time.Time{first, second}, time.Time.Equal) {
		t.Errorf("times %v", got)
	}
	for _, bad := range []string{`{"sent":`, `{"sent":x,`, `{"sent":1}`} {
		if err := load.EachDue([]byte(bad), func(time.Time) {}); err == nil {
			t.Errorf("%s: no error", bad)
		}
	}
}
