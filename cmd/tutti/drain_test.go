package main

import (
	"bufio"
	"net/http"
	"strings"
	"syscall"
	"testing"
)

// While the server drains it listens, says that it is not ready, refuses new
// readers, and serves those it has until their turn; then it ends well.
func TestDrain(t *testing.T) {
	p := start(t, t.TempDir(), "127.0.0.1:0", "--drain", "4s")
	open := func() *bufio.Scanner {
		response, err := http.Get("http://" + p.addr + "/v1/sse?topic=a")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { response.Body.Close() })
		return bufio.NewScanner(response.Body)
	}
	first, second := open(), open()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	rest(first) // its turn is at once
	ready, err := http.Get("http://" + p.addr + "/readyz")
	if err != nil {
		t.Fatal(err)
	}
	ready.Body.Close()
	if ready.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("DRAIN-1: /readyz answers %d", ready.StatusCode)
	}
	if got := rest(open()); strings.Contains(got, "id:") {
		t.Errorf("DRAIN-1: a new stream begins: %s", got)
	}
	posted, err := http.Post("http://"+p.addr+"/v1/topics/a/events", "application/json", strings.NewReader(`{"data":1}`))
	if err != nil {
		t.Fatal(err)
	}
	posted.Body.Close()
	if posted.StatusCode != http.StatusCreated {
		t.Errorf("DRAIN-2: a publish is answered %d", posted.StatusCode)
	}
	if got := rest(second); !strings.HasSuffix(got, "data: 1\n\n") {
		t.Errorf("DRAIN-2: the stream ends with %q", got)
	}
	<-p.drained
	if err := p.cmd.Wait(); err != nil {
		t.Errorf("the server ended with %v", err)
	}
}

// rest reads a stream to its end.
func rest(lines *bufio.Scanner) string {
	var all strings.Builder
	for lines.Scan() {
		all.WriteString(lines.Text() + "\n")
	}
	return all.String()
}
