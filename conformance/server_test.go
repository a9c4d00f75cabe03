package conformance

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

var upLine = regexp.MustCompile(`msg="tutti is up" url=http://([^/]+)/`)

// server is tutti serve, over one directory and at one address.
type server struct {
	t       *testing.T
	args    []string
	env     []string
	dir     string
	addr    string // set by the first start
	token   string // for the director's own requests; empty in dev
	process *exec.Cmd
	drained chan struct{} // closed when its standard error has ended
	log     strings.Builder
}

// newServer writes the configuration; JSON is YAML.
func newServer(t *testing.T, config map[string]any, dev bool) *server {
	t.Helper()
	text, err := json.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "tutti.yaml")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	s := &server{t: t, dir: filepath.Join(dir, "data"), addr: "127.0.0.1:0"}
	s.args = []string{"serve", "--config", file}
	if dev {
		s.args = append(s.args, "--dev")
	}
	t.Cleanup(s.kill)
	return s
}

// start returns when it listens.
func (s *server) start() {
	s.t.Helper()
	p := exec.Command(filepath.Join(binaries, "tutti"), append(s.args, "--data", s.dir, "--addr", s.addr)...)
	p.Env = append(os.Environ(), s.env...)
	stderr, err := p.StderrPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	if err := p.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.process, s.drained = p, make(chan struct{})
	lines := bufio.NewScanner(stderr)
	up := false
	for !up && lines.Scan() {
		fmt.Fprintln(&s.log, lines.Text())
		if found := upLine.FindStringSubmatch(lines.Text()); found != nil {
			s.addr, up = found[1], true
		}
	}
	go func() {
		defer close(s.drained)
		_, _ = io.Copy(io.Discard, stderr)
	}()
	if !up {
		s.t.Fatalf("the server did not start:\n%s", s.log.String())
	}
}

// kill ends it as a crash does.
func (s *server) kill() { s.end(syscall.SIGKILL) }

// stop ends it as an operator does: it drains.
func (s *server) stop() { s.end(syscall.SIGTERM) }

func (s *server) end(signal os.Signal) {
	if s.process == nil {
		return
	}
	_ = s.process.Process.Signal(signal) // it may be gone
	<-s.drained
	_ = s.process.Wait() // it says how it ended
	s.process = nil
}

// empty forgets all that it stored.
func (s *server) empty() {
	s.t.Helper()
	if err := os.RemoveAll(s.dir); err != nil {
		s.t.Fatal(err)
	}
}

// request asks the server, past the proxy, and decodes a good answer.
func (s *server) request(method, path, key, body string, answer any) error {
	r, err := http.NewRequest(method, "http://"+s.addr+path, strings.NewReader(body))
	if err != nil {
		return err
	}
	if s.token != "" {
		r.Header.Set("Authorization", "Bearer "+s.token)
	}
	if key != "" {
		r.Header.Set("Idempotency-Key", key)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode >= 300 {
		return fmt.Errorf("%s %s: %s: %s", method, path, response.Status, text)
	}
	if answer == nil {
		return nil
	}
	return json.Unmarshal(text, answer)
}

// entry is an entry of the log, or one that an agent was given.
type entry struct {
	Offset uint64          `json:"offset"`
	Key    string          `json:"key"`
	Data   json.RawMessage `json:"data"`
	Author struct {
		Sub string `json:"sub"`
	} `json:"author"`
}

// told says whether the server told an error of a code, as its metrics have it.
func (s *server) told(code string) bool {
	s.t.Helper()
	response, err := http.Get("http://" + s.addr + "/metrics")
	if err != nil {
		s.t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	never := fmt.Sprintf("tutti_errors_total{code=%q} 0\n", code)
	return strings.Contains(string(text), strings.TrimSuffix(never, "0\n")) && !strings.Contains(string(text), never)
}

// entries reads the topic's whole log.
func (s *server) entries(topic string) []entry {
	s.t.Helper()
	var all []entry
	for after := uint64(0); ; {
		var page struct {
			First   uint64
			Entries []entry
		}
		path := fmt.Sprintf("/v1/topics/%s/events?after=%d&limit=1000", topic, after)
		if err := s.request("GET", path, "", "", &page); err != nil {
			s.t.Fatal(err)
		}
		if len(page.Entries) == 0 {
			return all
		}
		all = append(all, page.Entries...)
		after = all[len(all)-1].Offset
	}
}
