// Package process runs servers, and others that are measured, each in a process of
// its own, and talks to them by lines.
package process

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	ticks   = 100     // of processor time a second, in /proc on every Linux
	maxLine = 1 << 20 // of a request or an answer
)

// Process is one that was started and says on a line that it is ready; then it
// answers each line that it is told by one, and ends with its input. Its methods
// may be called from several goroutines.
type Process struct {
	Ready string // what it said
	cmd   *exec.Cmd

	mu    sync.Mutex // guards what follows: one request is under way at a time
	stdin io.WriteCloser
	lines *bufio.Reader
}

// Start starts a process, which ends with ctx or Stop.
func Start(ctx context.Context, path string, args ...string) (*Process, error) {
	p := &Process{cmd: exec.CommandContext(ctx, path, args...)}
	p.cmd.Stderr = os.Stderr
	var err error
	if p.stdin, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	p.lines = bufio.NewReader(stdout)
	ready, err := p.lines.ReadString('\n')
	if err != nil {
		return nil, errors.Join(err, p.Stop())
	}
	p.Ready = strings.TrimSpace(ready)
	return p, nil
}

// StartSelf starts this program again.
func StartSelf(ctx context.Context, args ...string) (*Process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return Start(ctx, self, args...)
}

// Stop ends its input, and waits for it.
func (p *Process) Stop() error {
	return errors.Join(p.stdin.Close(), p.cmd.Wait())
}

// Ask makes one request and waits for its answer.
func (p *Process) Ask(request string) ([]byte, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	what, _, _ := strings.Cut(request, " ")
	if _, err := io.WriteString(p.stdin, request+"\n"); err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	line, err := p.lines.ReadString('\n')
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	line = strings.TrimSuffix(line, "\n")
	if reason, failed := strings.CutPrefix(line, "failed: "); failed {
		return nil, fmt.Errorf("%s: %s", what, reason)
	}
	return []byte(line), nil
}

// Act does what a request asks for. The answer is one line.
type Act func(what, of string) ([]byte, error)

// Answer is the other side of Start and Ask: it says that it is ready, reads
// requests, and writes what act says to each, or "failed: " and why.
func Answer(requests io.Reader, answers io.Writer, ready string, act Act) error {
	if _, err := fmt.Fprintln(answers, ready); err != nil {
		return err
	}
	lines := bufio.NewScanner(requests)
	lines.Buffer(nil, maxLine)
	for lines.Scan() {
		what, of, _ := strings.Cut(lines.Text(), " ")
		text, err := act(what, of)
		if err != nil {
			text = []byte("failed: " + strings.ReplaceAll(err.Error(), "\n", "; "))
		}
		if _, err := answers.Write(append(text, '\n')); err != nil {
			return err
		}
	}
	return lines.Err()
}

func (p *Process) file(name string) string {
	return fmt.Sprintf("/proc/%d/%s", p.cmd.Process.Pid, name)
}

// CPU is the processor time that it has used, user and system.
func (p *Process) CPU() (time.Duration, error) {
	text, err := os.ReadFile(p.file("stat"))
	if err != nil {
		return 0, err
	}
	// The name, in brackets, may hold spaces; user and system are 12th and 13th
	// behind it.
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	if len(fields) < 13 {
		return 0, fmt.Errorf("%s says %q", p.file("stat"), text)
	}
	var sum int64
	for _, field := range fields[11:13] {
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return 0, err
		}
		sum += n
	}
	return time.Duration(sum) * time.Second / ticks, nil
}

// Resident is how many bytes of memory it holds.
func (p *Process) Resident() (int64, error) { return resident(p.file("statm")) }

// Resident is how many bytes of memory this process holds.
func Resident() (int64, error) { return resident("/proc/self/statm") }

func resident(file string) (int64, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return 0, err
	}
	fields := strings.Fields(string(text))
	if len(fields) < 2 {
		return 0, fmt.Errorf("%s says %q", file, text)
	}
	pages, err := strconv.ParseInt(fields[1], 10, 64)
	return pages * int64(os.Getpagesize()), err
}
