package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/tuttisync/tutti/bench/internal/process"
)

// child is a server in a process of its own.
type child struct {
	system
	*process.Process
	profile string // where profiles go, without their endings; empty: nowhere
}

// startChild starts a server, which ends with ctx or stop.
func startChild(ctx context.Context, s system, scenario string, o options) (*child, error) {
	c := &child{system: s}
	var err error
	if s.start != nil {
		c.Process, err = process.StartSelf(ctx, "-server", s.name)
		if o.profiles != "" {
			c.profile = filepath.Join(o.profiles, s.name+"-"+scenario)
		}
	} else {
		c.Process, err = process.Start(ctx, "node", "--expose-gc", s.name+".js")
	}
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", s.name, err)
	}
	return c, nil
}

// used runs what is to be measured, under the profiler if one is asked for, and
// returns the processor time that it cost the server.
func (c *child) used(run func() error) (spent time.Duration, err error) {
	if c.profile != "" {
		if _, err := c.Ask("cpu " + c.profile + ".cpu.prof"); err != nil {
			return 0, err
		}
		defer func() {
			_, e := c.Ask("cpu -")
			err = errors.Join(err, e)
		}()
	}
	before, err := c.CPU()
	if err != nil {
		return 0, err
	}
	if err := run(); err != nil {
		return 0, err
	}
	after, err := c.CPU()
	return after - before, err
}

// memory collects garbage, and returns the bytes of heap, and of resident memory,
// that are left.
func (c *child) memory() (heap, resident int64, err error) {
	line, err := c.Ask("collect")
	if err != nil {
		return 0, 0, err
	}
	var left collected
	if err := json.Unmarshal(line, &left); err != nil {
		return 0, 0, fmt.Errorf("collect: %w", err)
	}
	if c.profile != "" {
		if _, err := c.Ask("heap " + c.profile + ".heap.prof"); err != nil {
			return 0, 0, err
		}
	}
	resident, err = c.Resident()
	return left.Heap, resident, err
}
