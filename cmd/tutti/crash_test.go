package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

var upLine = regexp.MustCompile(`msg="tutti is up" url=https?://([^/]+)/`)

// process is a server in a process of its own.
type process struct {
	cmd     *exec.Cmd
	addr    string
	drained chan struct{} // closed when its standard error has ended
}

// start runs tutti serve in dev over dir, with more flags, and returns when it
// listens. It ends with the test at the latest.
func start(t *testing.T, dir, addr string, flags ...string) *process {
	t.Helper()
	args := append([]string{"serve", "--dev", "--data", dir, "--addr", addr}, flags...)
	p := &process{cmd: exec.Command("tutti", args...), drained: make(chan struct{})}
	stderr, err := p.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.kill)
	lines := bufio.NewScanner(stderr)
	var said strings.Builder
	for p.addr == "" && lines.Scan() {
		fmt.Fprintln(&said, lines.Text())
		if up := upLine.FindStringSubmatch(lines.Text()); up != nil {
			p.addr = up[1]
		}
	}
	go func() {
		defer close(p.drained)
		_, _ = io.Copy(io.Discard, stderr)
	}()
	if p.addr == "" {
		t.Fatalf("the server did not start:\n%s", said.String())
	}
	return p
}

// kill ends the process as a crash does, with no time for anything, and waits
// until it is gone. A second kill does nothing.
func (p *process) kill() {
	_ = p.cmd.Process.Kill() // it may be gone
	<-p.drained
	_ = p.cmd.Wait() // it says that it was killed
}

// numbers is a standard input of the numbers 1 to n, a line each.
func numbers(n int) io.Reader {
	var b bytes.Buffer
	for i := range n {
		fmt.Fprintln(&b, i+1)
	}
	return &b
}

// logged returns the data of the topic's first n entries, and fails unless
// their offsets are 1 to n.
func logged(t *testing.T, addr, topic string, n int) []int {
	t.Helper()
	out, err := exec.Command("tutti", "subscribe", topic, "--earliest", "--json", "--url", "http://"+addr, "--count", fmt.Sprint(n)).Output()
	if err != nil {
		t.Fatalf("subscribe: %v", err)
	}
	var all []int
	for line := range strings.Lines(string(out)) {
		var e struct{ Offset, Data int }
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatalf("subscribe printed %q: %v", line, err)
		}
		if all = append(all, e.Data); e.Offset != len(all) {
			t.Fatalf("entry %d has the offset %d", len(all), e.Offset)
		}
	}
	return all
}

// TestKill kills the server while a program publishes line by line, starts it
// again over the same directory and address, and lets the program end: each
// line was acknowledged once, and the log holds each once, in order.
func TestKill(t *testing.T) {
	const lines, killedAfter = 200, 60
	dir := t.TempDir()
	first := start(t, dir, "127.0.0.1:0")

	publisher := exec.Command("tutti", "publish", "numbers", "--url", "http://"+first.addr)
	publisher.Stdin = numbers(lines)
	var complaints bytes.Buffer
	publisher.Stderr = &complaints
	stdout, err := publisher.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := publisher.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = publisher.Process.Kill() }) // it has ended by then, unless the test failed
	var second *process
	acknowledged := 0
	for acks := bufio.NewScanner(stdout); acks.Scan(); {
		if acknowledged++; acks.Text() != fmt.Sprint(acknowledged) {
			t.Errorf("line %d was acknowledged with the offset %s", acknowledged, acks.Text())
		}
		if acknowledged == killedAfter {
			first.kill()
			second = start(t, dir, first.addr)
		}
	}
	if err := publisher.Wait(); err != nil {
		t.Fatalf("publish: %v\n%s", err, complaints.String())
	}
	if acknowledged != lines {
		t.Errorf("%d of %d lines were acknowledged", acknowledged, lines)
	}

	check := func(addr string) {
		for i, got := range logged(t, addr, "numbers", lines) {
			if got != i+1 {
				t.Fatalf("entry %d is %d", i+1, got)
			}
		}
	}
	check(second.addr)
	second.kill()
	check(start(t, dir, "127.0.0.1:0").addr)
}
