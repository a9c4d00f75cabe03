package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// table writes costs as Markdown, a column for each size.
func table(title string, costs []cost) string {
	var b strings.Builder
	fmt.Fprintf(&b, "\n### %s\n\n|", title)
	for _, c := range costs {
		fmt.Fprintf(&b, " | %s", grouped(c.size))
	}
	fmt.Fprintf(&b, " |\n|---|%s\n", strings.Repeat("---:|", len(costs)))
	for _, f := range []struct {
		name  string
		value func(c cost) float64
	}{
		{"publish until acknowledged, median, µs", func(c cost) float64 { return micros(c.publish) }},
		{"99th percentile, µs", func(c cost) float64 { return micros(c.publishMost) }},
		{"server CPU for it, µs", func(c cost) float64 { return c.publishCPU }},
		{"subscribe and read the last ten, median, µs", func(c cost) float64 { return micros(c.read) }},
		{"99th percentile, µs", func(c cost) float64 { return micros(c.readMost) }},
		{"server CPU for it, µs", func(c cost) float64 { return c.readCPU }},
		{"server's memory at its start, MiB", func(c cost) float64 { return c.residentIdle }},
		{"server's memory at the end, MiB", func(c cost) float64 { return c.resident }},
	} {
		fmt.Fprintf(&b, "| %s |", f.name)
		for _, c := range costs {
			fmt.Fprintf(&b, " %.0f |", f.value(c))
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func micros(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1000 }

// grouped writes a number with a comma behind each three digits.
func grouped(n int) string {
	text := strconv.Itoa(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}
