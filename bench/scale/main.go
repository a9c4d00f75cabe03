// Command scale measures what publishing and reading cost beside more and more
// of something: topics, entries of one topic, clients that ever wrote to it; and
// how long a server takes to start over a large log.
//
//	go run ./scale -parts topics,clients -plot ../docs/images/scale.svg
//
// It fills a store through the store's own interface, with entries and rows as
// the sequencer makes them, then starts the program tutti over it, and measures
// over loopback. Tables and the plot go to standard output and to a file.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tuttisync/tutti/internal/load"
)

// options say what to measure, and how large.
type options struct {
	program string
	parts   string
	dir     string
	samples int
	repeat  int
	sizes   map[string]*string // of each part
	plot    string
}

var defaults = map[string]string{
	"topics":  "1,100,10000,100000",
	"length":  "100,10000,1000000,10000000",
	"clients": "1,100,10000,1000000",
	"restart": "100000x100",
}

var partNames = []string{"topics", "length", "clients", "restart"}

func (o *options) register(f *flag.FlagSet) {
	f.StringVar(&o.program, "tutti", "../bin/tutti", "the program that is measured")
	f.StringVar(&o.parts, "parts", strings.Join(partNames, ","), "what to measure")
	f.StringVar(&o.dir, "dir", os.TempDir(), "where to make stores, of up to 3 GB, which are removed")
	f.IntVar(&o.samples, "samples", 500, "how often to publish and to read at each size")
	f.IntVar(&o.repeat, "repeat", 5, "how often to restart")
	f.StringVar(&o.plot, "plot", "", "file for a plot of what was measured, as SVG")
	o.sizes = make(map[string]*string)
	for _, name := range partNames {
		o.sizes[name] = f.String(name, defaults[name], "sizes of the part "+name)
	}
}

func main() {
	var o options
	o.register(flag.CommandLine)
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := measure(ctx, &o, os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "scale:", err)
		os.Exit(1)
	}
}

// measure runs the parts that are selected and writes each table as soon as it
// is there.
func measure(ctx context.Context, o *options, w io.Writer) error {
	program, err := filepath.Abs(o.program)
	if err != nil {
		return err
	}
	if _, err := os.Stat(program); err != nil {
		return fmt.Errorf("-tutti: %w", err)
	}
	o.program = program
	if min(o.samples, o.repeat) < 1 {
		return errors.New("-samples and -repeat are 1 at least")
	}
	if _, err := fmt.Fprintln(w, load.Machine(time.Now(), "built from this source")); err != nil {
		return err
	}
	var panels []panel
	for _, name := range strings.Split(o.parts, ",") {
		if !slices.Contains(partNames, name) {
			return fmt.Errorf("-parts: no part %q; there are %s", name, strings.Join(partNames, ", "))
		}
		if name == "restart" {
			err = restart(ctx, o, w)
		} else {
			var p panel
			if p, err = growing(ctx, o, name, w); err == nil {
				panels = append(panels, p)
			}
		}
		if err != nil {
			return fmt.Errorf("measure %s: %w", name, err)
		}
	}
	if o.plot == "" || len(panels) == 0 {
		return nil
	}
	return os.WriteFile(o.plot, plot(panels), 0o644)
}

// numbers reads a list of ascending sizes.
func numbers(list string) ([]int, error) {
	var all []int
	for text := range strings.SplitSeq(list, ",") {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || (len(all) > 0 && n <= all[len(all)-1]) {
			return nil, fmt.Errorf("%q is not a list of ascending sizes", list)
		}
		all = append(all, n)
	}
	return all, nil
}
