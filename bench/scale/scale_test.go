package main

import (
	"bytes"
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestMeasure measures small sizes of everything with the program itself.
func TestMeasure(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the program and starts it many times")
	}
	dir := t.TempDir()
	program := filepath.Join(dir, "tutti")
	build := exec.Command("go", "build", "-o", program, "./cmd/tutti")
	build.Dir = "../.."
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	var o options
	flags := flag.NewFlagSet("scale", flag.ContinueOnError)
	o.register(flags)
	err := flags.Parse([]string{
		"-tutti", program, "-dir", dir, "-samples", "12", "-repeat", "1", "-plot", filepath.Join(dir, "plot.svg"),
		"-topics", "1,20", "-length", "10,20", "-clients", "10,30", "-restart", "5x12",
	})
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := measure(t.Context(), &o, &out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"| | 1 | 20 |", "| | 10 | 20 |", "| | 10 | 30 |", "### Restart with 5 topics and 60 entries"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, &out)
		}
	}
	if left, err := filepath.Glob(filepath.Join(dir, "tutti-scale-*")); err != nil || len(left) > 0 {
		t.Errorf("%v is left behind, %v", left, err)
	}
}

func TestPlot(t *testing.T) {
	svg := plot([]panel{{unit: "topics", costs: []cost{{size: 1, publish: 5e5, read: 1e5}, {size: 1e5, publish: 4e6, read: 3e5}}}})
	points := 0
	for dec := xml.NewDecoder(bytes.NewReader(svg)); ; {
		token, err := dec.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if start, ok := token.(xml.StartElement); ok && start.Name.Local == "circle" {
			points++
		}
	}
	if points != 4 {
		t.Errorf("%d points in\n%s", points, svg)
	}
}

func TestNumbers(t *testing.T) {
	for list, want := range map[string]int{"1": 1, "1,10,100": 3, "": 0, "1,1": 0, "2,1": 0, "0": 0, "x": 0} {
		if got, err := numbers(list); len(got) != want || (err == nil) != (want > 0) {
			t.Errorf("%q: %v, %v", list, got, err)
		}
	}
}
