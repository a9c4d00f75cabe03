package main

import (
	"bytes"
	"fmt"
	"math"
)

// panel is one part of the plot.
type panel struct {
	unit  string // the part's name
	costs []cost
}

const (
	panelWidth, panelHeight = 320, 260
	left, right             = 56, 16
	top, bottom             = 34, 28
)

// curves are what a panel shows, in microseconds.
var curves = []struct {
	name, color string
	value       func(c cost) float64
}{
	{"publish", "#1f6feb", func(c cost) float64 { return micros(c.publish) }},
	{"subscribe and read ten", "#d1242f", func(c cost) float64 { return micros(c.read) }},
}

// plot draws the panels beside each other, both axes by powers of ten.
func plot(panels []panel) []byte {
	var b bytes.Buffer
	width, height := panelWidth*len(panels), panelHeight+24
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="11">`+"\n", width, height)
	fmt.Fprintf(&b, `<rect width="%d" height="%d" fill="#fff"/>`+"\n", width, height)
	least, most := decades(panels)
	for i, p := range panels {
		p.draw(&b, float64(i*panelWidth), least, most)
	}
	for i, c := range curves {
		x := left + 180*i
		fmt.Fprintf(&b, `<path d="M%d %d h20" stroke="%s" stroke-width="2"/><text x="%d" y="%d">%s, median</text>`+"\n",
			x, panelHeight+10, c.color, x+26, panelHeight+14, c.name)
	}
	b.WriteString("</svg>\n")
	return b.Bytes()
}

// draw draws a panel at x0, from 10^least to 10^most microseconds.
func (p *panel) draw(b *bytes.Buffer, x0, least, most float64) {
	size := max(math.Ceil(math.Log10(float64(p.costs[len(p.costs)-1].size))), 1)
	x := func(n float64) float64 {
		return x0 + left + (panelWidth-left-right)*math.Log10(n)/size
	}
	y := func(us float64) float64 {
		return panelHeight - bottom - (panelHeight-top-bottom)*(math.Log10(us)-least)/(most-least)
	}
	fmt.Fprintf(b, `<text x="%.0f" y="18" font-size="12">%s</text>`+"\n", x0+left, axes[p.unit])
	for e := least; e <= most; e++ {
		v := math.Pow(10, e)
		fmt.Fprintf(b, `<path d="M%.1f %.1f h%d" stroke="#ddd"/><text x="%.1f" y="%.1f" text-anchor="end">%s</text>`+"\n",
			x0+left, y(v), panelWidth-left-right, x0+left-6, y(v)+4, duration(v))
	}
	for e := 0.0; e <= size; e++ {
		fmt.Fprintf(b, `<text x="%.1f" y="%d" text-anchor="middle">%s</text>`+"\n", x(math.Pow(10, e)), panelHeight-bottom+16, short(e))
	}
	for _, c := range curves {
		fmt.Fprintf(b, `<polyline fill="none" stroke="%s" stroke-width="2" points="`, c.color)
		for _, at := range p.costs {
			fmt.Fprintf(b, "%.1f,%.1f ", x(float64(at.size)), y(c.value(at)))
		}
		b.WriteString(`"/>` + "\n")
		for _, at := range p.costs {
			fmt.Fprintf(b, `<circle cx="%.1f" cy="%.1f" r="3" fill="%s"/>`+"\n", x(float64(at.size)), y(c.value(at)), c.color)
		}
	}
}

var axes = map[string]string{
	"topics":  "topics",
	"length":  "entries of the topic",
	"clients": "clients that wrote to the topic",
}

// decades are the powers of ten around all values.
func decades(panels []panel) (least, most float64) {
	least, most = math.Inf(1), math.Inf(-1)
	for _, p := range panels {
		for _, at := range p.costs {
			for _, c := range curves {
				e := math.Log10(c.value(at))
				least, most = min(least, math.Floor(e)), max(most, math.Ceil(e))
			}
		}
	}
	return least, max(most, least+1)
}

// duration writes a power of ten microseconds.
func duration(us float64) string {
	switch {
	case us >= 1e6:
		return fmt.Sprintf("%.0f s", us/1e6)
	case us >= 1e3:
		return fmt.Sprintf("%.0f ms", us/1e3)
	}
	return fmt.Sprintf("%.0f µs", us)
}

// short writes a power of ten.
func short(exponent float64) string {
	for _, unit := range []struct {
		exponent float64
		name     string
	}{{6, " M"}, {3, " k"}} {
		if exponent >= unit.exponent {
			return fmt.Sprintf("%.0f%s", math.Pow(10, exponent-unit.exponent), unit.name)
		}
	}
	return fmt.Sprintf("%.0f", math.Pow(10, exponent))
}
