package load

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

const stopAfter = 20 * time.Second

// Program is how the program tutti is started.
type Program struct {
	Path string // of the file
	Name string // what it is told it is called; empty: Path
}

// Server is a server in a process of its own, on a free port of loopback.
type Server struct {
	URL string // http://127.0.0.1:port

	cmd  *exec.Cmd
	dir  string // of its configuration and its log
	said chan struct{}
}

// Data is where a server keeps its log.
type Data struct {
	Memory bool   // nowhere
	Dir    string // on disk, here; empty: in a directory that Stop removes
	Keep   int    // entries of a topic; 0: all
}

// StartServer starts a server whose namespace bench is open to everyone, as are
// the documents of the namespaces counter and records, with no bounds on how much or how fast one address or client may do. It
// returns when it listens. What it then complains about is copied to words.
func StartServer(ctx context.Context, program Program, data Data, words io.Writer) (*Server, error) {
	dir, err := os.MkdirTemp("", "tutti-bench-")
	if err != nil {
		return nil, fmt.Errorf("start server: %w", err)
	}
	if data.Dir == "" {
		data.Dir = filepath.Join(dir, "data")
	}
	s, err := startServer(ctx, program, dir, data.configuration(), words)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start server: %w", err), os.RemoveAll(dir))
	}
	return s, nil
}

func (d Data) configuration() string {
	durability := "durable"
	if d.Memory {
		durability = "memory"
	}
	return fmt.Sprintf(`memory: %v
data: %q
namespaces:
  bench:
    durability: %s
    retention: {count: %d}
    anonymous: [read, publish, history]
  counter: {type: counter, durability: %[3]s, anonymous: [read, edit]}
  records: {type: records, durability: %[3]s, anonymous: [read, edit]}
limits: {addressConnections: 0, userConnections: 0, addressConnects: 0, connects: 0, commands: 0, bytes: 0}
log: {format: json}
`, d.Memory, d.Dir, durability, d.Keep)
}

func startServer(ctx context.Context, program Program, dir, config string, words io.Writer) (*Server, error) {
	file := filepath.Join(dir, "tutti.yaml")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		return nil, err
	}
	s := &Server{dir: dir, said: make(chan struct{})}
	s.cmd = exec.Command(program.Path, "serve", "--config", file, "--addr", "127.0.0.1:0")
	if program.Name != "" {
		s.cmd.Args[0] = program.Name
	}
	s.cmd.Env = withoutSettings(os.Environ())
	stderr, err := s.cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	lines := bufio.NewScanner(stderr)
	var before bytes.Buffer
	for s.URL == "" && lines.Scan() {
		fmt.Fprintln(&before, lines.Text())
		s.URL = upURL(lines.Bytes())
	}
	go func() {
		defer close(s.said)
		for lines.Scan() {
			if !bytes.Contains(lines.Bytes(), []byte(`"level":"INFO"`)) {
				fmt.Fprintln(words, lines.Text())
			}
		}
		_, _ = io.Copy(words, stderr) // behind a line that is too long
	}()
	if s.URL == "" {
		_ = s.cmd.Process.Kill()
		<-s.said
		_ = s.cmd.Wait()
		return nil, fmt.Errorf("it does not listen; it said: %s", bytes.TrimSpace(before.Bytes()))
	}
	if ctx.Err() != nil {
		return nil, errors.Join(context.Cause(ctx), s.Stop())
	}
	return s, nil
}

// upURL returns the address in the line that tells it, or "".
func upURL(line []byte) string {
	var l struct{ Msg, URL string }
	if json.Unmarshal(line, &l) != nil || l.Msg != "tutti is up" {
		return ""
	}
	return strings.TrimRight(l.URL, "/")
}

// withoutSettings leaves out what would change the configuration.
func withoutSettings(env []string) []string {
	var rest []string
	for _, e := range env {
		if !strings.HasPrefix(e, "TUTTI_") {
			rest = append(rest, e)
		}
	}
	return rest
}

// Stop ends the server, by force if it takes too long, and removes what it made
// for itself.
func (s *Server) Stop() error {
	_ = s.cmd.Process.Signal(os.Interrupt) // it may be gone
	late := time.AfterFunc(stopAfter, func() { _ = s.cmd.Process.Kill() })
	defer late.Stop()
	<-s.said
	err := s.cmd.Wait()
	if err != nil {
		err = fmt.Errorf("stop server: %w", err)
	}
	return errors.Join(err, os.RemoveAll(s.dir))
}

// Kill ends the server as a crash does, and removes what it made for itself.
func (s *Server) Kill() error {
	_ = s.cmd.Process.Kill() // it may be gone
	<-s.said
	_ = s.cmd.Wait() // says that it was killed
	return os.RemoveAll(s.dir)
}

// CPU is the processor time that the server has used, in seconds; NaN where
// that is not known.
func (s *Server) CPU() float64 { return s.process().cpu() }

// Memory is what the server holds, in MiB; NaN where that is not known.
func (s *Server) Memory() float64 { return s.process().resident() }

func (s *Server) process() process { return process(s.cmd.Process.Pid) }
