package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
)

// child is a server in a process of its own. Its methods may be called from
// several goroutines.
type child struct {
	kind
	addr    string
	profile string // where profiles go, without their endings; empty: nowhere

	cmd *exec.Cmd

	mu    sync.Mutex // guards what follows: one request is under way at a time
	stdin io.WriteCloser
	lines *bufio.Reader
}

// startChild starts a server, which ends with ctx or stop. part names its
// profiles, in the directory profiles, if that is not empty.
func startChild(ctx context.Context, name, part, profiles string) (*child, error) {
	k, err := findKind(name)
	if err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	c := &child{kind: k, cmd: exec.CommandContext(ctx, self, "-server", name)}
	if profiles != "" {
		c.profile = filepath.Join(profiles, strings.NewReplacer(", ", "-", " ", "-").Replace(name+"-"+part))
	}
	c.cmd.Stderr = os.Stderr
	if c.stdin, err = c.cmd.StdinPipe(); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	stdout, err := c.cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	if err := c.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	c.lines = bufio.NewReader(stdout)
	addr, err := c.lines.ReadString('\n')
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start %s: %w", name, err), c.stop())
	}
	c.addr = strings.TrimSpace(addr)
	return c, nil
}

func (c *child) stop() error {
	return errors.Join(c.stdin.Close(), c.cmd.Wait())
}

// ask makes one request and waits for its answer.
func (c *child) ask(request string) ([]byte, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	what, _, _ := strings.Cut(request, " ")
	if _, err := io.WriteString(c.stdin, request+"\n"); err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	line, err := c.lines.ReadString('\n')
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	line = strings.TrimSuffix(line, "\n")
	if reason, failed := strings.CutPrefix(line, "failed: "); failed {
		return nil, fmt.Errorf("%s: %s", what, reason)
	}
	return []byte(line), nil
}

func (c *child) tell(topic string, data []byte) error {
	_, err := c.ask("publish " + topic + " " + string(data))
	return err
}

func (c *child) collect() error {
	_, err := c.ask("collect")
	return err
}

func (c *child) usage() (usage, error) {
	var u usage
	line, err := c.ask("usage")
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
		if _, err := c.ask("cpu " + c.profile + ".cpu.prof"); err != nil {
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
		_, err = c.ask("cpu -")
	}
	return before, after, err
}

// snapshot writes a profile of the heap, if profiles are asked for.
func (c *child) snapshot() error {
	if c.profile == "" {
		return nil
	}
	_, err := c.ask("heap " + c.profile + ".heap.prof")
	return err
}
