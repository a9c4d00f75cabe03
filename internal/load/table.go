package load

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Table is one measurement: what is measured, in which cases.
type Table struct {
	Title   string
	Figures []Figure
	Cases   []Case
}

// Figure is a row of a table.
type Figure struct {
	Name   string
	Digits int // behind the point
}

// results are the values of each case's runs, by figure.
type results [][][]float64

// markdown writes the medians of each case's runs, with the least and the most of
// them. Behind a value of a later case stands its ratio to the first case's.
// What could not be measured is a dash.
func (t *Table) markdown(r results) string {
	var b strings.Builder
	fmt.Fprintf(&b, "### %s\n\n|", t.Title)
	for _, c := range t.Cases {
		fmt.Fprintf(&b, " | %s", c.Name)
	}
	fmt.Fprintf(&b, " |\n|---|%s\n", strings.Repeat("---:|", len(t.Cases)))
	for i, f := range t.Figures {
		fmt.Fprintf(&b, "| %s |", f.Name)
		first := median(sorted(r[0], i))
		for k := range t.Cases {
			values := sorted(r[k], i)
			text := f.format(median(values))
			if len(values) > 1 && !math.IsNaN(median(values)) {
				text += fmt.Sprintf(" [%s–%s]", f.format(values[0]), f.format(values[len(values)-1]))
			}
			if ratio := median(values) / first; k > 0 && !math.IsNaN(ratio) && !math.IsInf(ratio, 0) {
				text += fmt.Sprintf(" × %.2f", ratio)
			}
			fmt.Fprintf(&b, " %s |", text)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func (f Figure) format(v float64) string {
	if math.IsNaN(v) {
		return "–"
	}
	return strconv.FormatFloat(v, 'f', f.Digits, 64)
}

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
