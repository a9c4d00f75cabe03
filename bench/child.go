package main

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/tuttisync/tutti/bench/internal/process"
)

// child is a server in a process of its own.
type child struct {
	kind
	*process.Process
	profile string // where profiles go, without their endings; empty: nowhere
}

// startChild starts a server, which ends with ctx or Stop. part names its
// profiles, in the directory profiles, if that is not empty.
func startChild(ctx context.Context, name, part, profiles string) (*child, error) {
	k, err := findKind(name)
	if err != nil {
		return nil, err
	}
	p, err := process.StartSelf(ctx, "-server", name)
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	c := &child{kind: k, Process: p}
	if profiles != "" {
		c.profile = filepath.Join(profiles, strings.NewReplacer(", ", "-", " ", "-").Replace(name+"-"+part))
	}
	return c, nil
}

func (c *child) tell(topic string, data []byte) error {
	_, err := c.Ask("publish " + topic + " " + string(data))
	return err
}

func (c *child) collect() error {
	_, err := c.Ask("collect")
	return err
}

func (c *child) usage() (usage, error) {
	var u usage
	line, err := c.Ask("usage")
	if err != nil {
		return u, err
	}
	if err := json.Unmarshal(line, &u); err != nil {
		return u, fmt.Errorf("usage: %w", err)
	}
	return u, nil
}

// measured runs what is to be measured, under the profiler if one is asked for,
// and returns the usage before and after.
func (c *child) measured(run func() error) (before, after usage, err error) {
	if c.profile != "" {
		if _, err := c.Ask("cpu " + c.profile + ".cpu.prof"); err != nil {
			return before, after, err
		}
	}
	if before, err = c.usage(); err != nil {
		return before, after, err
	}
	if err = run(); err != nil {
		return before, after, err
	}
	if after, err = c.usage(); err != nil {
		return before, after, err
	}
	if c.profile != "" {
		_, err = c.Ask("cpu -")
	}
	return before, after, err
}

// snapshot writes a profile of the heap, if profiles are asked for.
func (c *child) snapshot() error {
	if c.profile == "" {
		return nil
	}
	_, err := c.Ask("heap " + c.profile + ".heap.prof")
	return err
}
