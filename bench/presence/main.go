package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"time"
)

func main() {
	var o options
	o.register(flag.CommandLine)
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, o)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "presence:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options) error {
	switch {
	case o.server != "":
		return serve(o.server, os.Stdin, os.Stdout)
	case o.probe != "":
		return probe(ctx, o.probe, os.Stdin, os.Stdout)
	}
	return measure(ctx, o, os.Stdout)
}

// measure runs the scenarios that are selected and writes their tables to w, each
// as soon as it is there.
func measure(ctx context.Context, o options, w io.Writer) error {
	if err := o.validate(); err != nil {
		return err
	}
	if _, err := fmt.Fprintln(w, head(time.Now(), o)); err != nil {
		return err
	}
	for _, name := range o.selected() {
		if err := scenarios[name](o).measure(ctx, name, o, w); err != nil {
			return fmt.Errorf("measure %s: %w", name, err)
		}
	}
	return nil
}
