package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// part is one table: what is measured, of which servers. The first server is
// the one that the others are compared with.
type part struct {
	name    string
	title   string
	figures []figure
	servers []string
	run     func(context.Context, *child) ([]float64, error) // one value for each figure
}

// figure is a row of a table.
type figure struct {
	name   string
	digits int
	rate   bool // more is better; otherwise it is a cost
}

// measure lets the servers take turns, in the other direction each time, and
// writes the medians as a table.
func (p part) measure(ctx context.Context, o options, w io.Writer) error {
	results := make(map[string][][]float64)
	order := slices.Clone(p.servers)
	for range o.repeat {
		for _, name := range order {
			values, err := p.once(ctx, name, o)
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			results[name] = append(results[name], values)
		}
		slices.Reverse(order)
	}
	_, err := io.WriteString(w, p.table(results))
	return err
}

func (p part) once(ctx context.Context, name string, o options) ([]float64, error) {
	c, err := startChild(ctx, name, p.name, o.profiles)
	if err != nil {
		return nil, err
	}
	values, err := p.run(ctx, c)
	return values, errors.Join(err, c.Stop())
}

// table writes the medians of each server's runs as Markdown, with the least and
// the most of them. A peer's is followed by its ratio to the first server's, such
// that above 1 the first is ahead: a ratio that the ranges do not bear out, since
// they overlap, stands in question.
func (p part) table(results map[string][][]float64) string {
	var b strings.Builder
	fmt.Fprintf(&b, "\n### %s\n\n| | %s |\n|---|%s\n", p.title, strings.Join(p.servers, " | "), strings.Repeat("---:|", len(p.servers)))
	for i, f := range p.figures {
		fmt.Fprintf(&b, "| %s |", f.name)
		own := sorted(results[p.servers[0]], i)
		for k, name := range p.servers {
			values := sorted(results[name], i)
			text := f.format(median(values))
			if len(values) > 1 {
				text += fmt.Sprintf(" [%s–%s]", f.format(values[0]), f.format(values[len(values)-1]))
			}
			if k > 0 {
				text += fmt.Sprintf(" × %.2f", f.ahead(median(own), median(values)))
				if overlap(own, values) {
					text += "?"
				}
			}
			fmt.Fprintf(&b, " %s |", text)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// ahead says how many times as good own is as other.
func (f figure) ahead(own, other float64) float64 {
	if f.rate {
		return own / other
	}
	return other / own
}

func (f figure) format(v float64) string { return strconv.FormatFloat(v, 'f', f.digits, 64) }

// sorted returns the values of figure i.
func sorted(runs [][]float64, i int) []float64 {
	values := make([]float64, 0, len(runs))
	for _, r := range runs {
		values = append(values, r[i])
	}
	slices.Sort(values)
	return values
}

// median is of sorted values, the lower one of two in the middle.
func median(sorted []float64) float64 { return sorted[(len(sorted)-1)/2] }

// overlap says whether the ranges of sorted values do.
func overlap(a, b []float64) bool { return a[0] <= b[len(b)-1] && b[0] <= a[len(a)-1] }
