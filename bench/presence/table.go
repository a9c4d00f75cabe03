package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"
)

// scenario is one table: what is measured, of which systems.
type scenario struct {
	title   string
	rows    []row
	systems []string
	once    bool                                                      // in one run
	run     func(context.Context, *child, options) ([]float64, error) // one value for each row
}

type row struct {
	name  string
	goals []goal
}

// goal is what a figure of tutti should be.
type goal struct {
	peer string // beside whose; empty: none
	most float64
}

// beside is what the figure may be as a part of a peer's.
func beside(peer string, most float64) goal { return goal{peer, most} }

// within is what the figure may be.
func within(most float64) goal { return goal{"", most} }

// measure lets the systems take turns, of which each is first in turn, and writes
// the medians as a table.
func (s scenario) measure(ctx context.Context, name string, o options, w io.Writer) error {
	runs, values := o.runs, make(map[string][][]float64)
	if s.once {
		runs = 1
	}
	for i := range runs {
		for j := range s.systems {
			of := s.systems[(i+j)%len(s.systems)]
			figures, err := s.one(ctx, of, name, o)
			if err != nil {
				return fmt.Errorf("%s: %w", of, err)
			}
			values[of] = append(values[of], figures)
		}
	}
	_, err := io.WriteString(w, s.table(values))
	return err
}

// one is one run with a server of its own.
func (s scenario) one(ctx context.Context, of, name string, o options) (figures []float64, err error) {
	sys, err := findSystem(of)
	if err != nil {
		return nil, err
	}
	c, err := startChild(ctx, sys, name, o)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, c.Stop()) }()
	return s.run(ctx, c, o)
}

func (s scenario) table(values map[string][][]float64) string {
	var b strings.Builder
	fmt.Fprintf(&b, "\n### %s\n\n| |", s.title)
	for _, name := range s.systems {
		sys, _ := findSystem(name)
		fmt.Fprintf(&b, " %s |", sys.label)
	}
	fmt.Fprintf(&b, " goal: figure |\n|---|%s---|\n", strings.Repeat("---:|", len(s.systems)))
	for i, r := range s.rows {
		fmt.Fprintf(&b, "| %s |", r.name)
		figures := make(map[string]float64)
		for _, name := range s.systems {
			figures[name] = middle(values[name], i)
			fmt.Fprintf(&b, " %s |", three(figures[name]))
		}
		var judged []string
		for _, g := range r.goals {
			judged = append(judged, g.judge(figures))
		}
		fmt.Fprintf(&b, " %s |\n", strings.Join(judged, "; "))
	}
	return b.String()
}

func (g goal) judge(figures map[string]float64) string {
	what, figure := "tutti", figures["tutti"]
	if g.peer != "" {
		what, figure = what+" / "+g.peer, figure/figures[g.peer]
	}
	verdict := "met"
	if !(figure <= g.most) {
		verdict = "**not met**"
	}
	return fmt.Sprintf("%s ≤ %s: %s, %s", what, three(g.most), three(figure), verdict)
}

// middle is the median of figure i over the runs.
func middle(runs [][]float64, i int) float64 {
	var values []float64
	for _, r := range runs {
		values = append(values, r[i])
	}
	return median(values)
}

// three writes a number with three digits that count.
func three(v float64) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return "–"
	}
	rounded, _ := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 3, 64), 64)
	return strconv.FormatFloat(rounded, 'f', -1, 64)
}

// head is one line about when, where and beside whom this was measured.
func head(now time.Time, o options) string {
	return fmt.Sprintf("%s, %s/%s, %d cores, %s, centrifuge %s, @y/websocket-server %s; medians; runs: %d, of %v",
		now.Format(time.DateOnly), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), runtime.Version(),
		moduleVersion("github.com/centrifugal/centrifuge"), packageVersion("@y/websocket-server"), o.runs, o.lasts)
}

const unknown = "of unknown version"

func moduleVersion(name string) string {
	if info, ok := debug.ReadBuildInfo(); ok {
		i := slices.IndexFunc(info.Deps, func(m *debug.Module) bool { return m.Path == name })
		if i >= 0 {
			return info.Deps[i].Version
		}
	}
	return unknown
}

func packageVersion(name string) string {
	var manifest struct {
		Dependencies map[string]string `json:"dependencies"`
	}
	text, err := os.ReadFile("package.json")
	if err != nil || json.Unmarshal(text, &manifest) != nil {
		return unknown
	}
	return cmp.Or(manifest.Dependencies[name], unknown)
}
