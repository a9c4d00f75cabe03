package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tuttisync/tutti"
	"github.com/tuttisync/tutti/client"
)

const module = `module example.com/shop

go 1.26.0

require github.com/tuttisync/tutti v0.0.0

replace github.com/tuttisync/tutti => %s
`

// TestEmbed builds this program as a module of its own, as a user of tutti has
// it, runs it, and uses it over its routes.
func TestEmbed(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	dir := secondModule(t)
	goTool(ctx, t, dir, "vet", ".")
	goTool(ctx, t, dir, "build", "-o", "shop", ".")
	url := start(t, filepath.Join(dir, "shop"), filepath.Join(dir, "data"))

	t.Run("the middleware stands before the stream", func(t *testing.T) {
		if resp := request(ctx, t, http.MethodGet, url+"/api/live/stock-prices", "", ""); resp.StatusCode != http.StatusUnauthorized {
			t.Errorf("without a user: %s", resp.Status)
		}
	})
	t.Run("the stream shows what is published", func(t *testing.T) { watchPrices(ctx, t, url) })
	t.Run("the newest is read", func(t *testing.T) {
		resp := request(ctx, t, http.MethodGet, url+"/api/stock-prices", "ann", "")
		var got price
		if err := json.NewDecoder(resp.Body).Decode(&got); err != nil || got != (price{Symbol: "APP", Price: 11}) {
			t.Errorf("got %+v, %v (%s)", got, err, resp.Status)
		}
	})
	t.Run("a client under the prefix", func(t *testing.T) { chat(ctx, t, url+"/realtime") })
}

// secondModule copies the program into a directory with a go.mod that finds
// tutti here.
func secondModule(t *testing.T) string {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write := func(name string, text []byte) {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("go.mod", fmt.Appendf(nil, module, root))
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range append(files, filepath.Join(root, "go.sum")) {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		write(filepath.Base(file), text)
	}
	return dir
}

// goTool runs the go command in dir, offline: it completes go.mod from the
// modules that this one is built with. go mod tidy would ask for those that
// only tests of other modules import, and nothing here has fetched them.
func goTool(ctx context.Context, t *testing.T, dir string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOFLAGS=-mod=mod", "GOPROXY=off", "GOWORK=off")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// start runs the program and returns where it listens. At the end of the test
// it is interrupted, and must end well; so it has no context, which would kill
// it first.
func start(t *testing.T, program, data string) string {
	t.Helper()
	cmd := exec.Command(program, "-addr", "127.0.0.1:0", "-data", data)
	cmd.Stderr = t.Output()
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cmd.Process.Signal(os.Interrupt); err != nil {
			t.Errorf("interrupt: %v", err)
		}
		if err := cmd.Wait(); err != nil {
			t.Errorf("the program ended with %v", err)
		}
	})
	line, err := bufio.NewReader(stdout).ReadString('\n')
	url, found := strings.CutPrefix(strings.TrimSpace(line), "listening on ")
	if !found {
		t.Fatalf("it printed %q, %v", line, err)
	}
	return url
}

// request is one of a browser whose cookie says that it is user; none if that
// is empty. The body is closed with the test.
func request(ctx context.Context, t *testing.T, method, url, user, body string) *http.Response {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if user != "" {
		req.AddCookie(&http.Cookie{Name: "user", Value: user})
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = resp.Body.Close() })
	return resp
}

// watchPrices reads the stream as an EventSource does while prices are set.
func watchPrices(ctx context.Context, t *testing.T, url string) {
	stream := request(ctx, t, http.MethodGet, url+"/api/live/stock-prices", "ann", "")
	if kind := stream.Header.Get("Content-Type"); !strings.HasPrefix(kind, "text/event-stream") {
		t.Fatalf("%s, %s", stream.Status, kind)
	}
	for i, p := range []string{`{"symbol": "APP", "price": 10.5}`, `{"symbol": "APP", "price": 11}`} {
		set := request(ctx, t, http.MethodPost, url+"/api/stock-prices", "bob", p)
		var position tutti.Position
		if err := json.NewDecoder(set.Body).Decode(&position); err != nil || position.Offset != uint64(i+1) || position.Term == "" {
			t.Errorf("published at %+v, %v (%s)", position, err, set.Status)
		}
	}
	var got []string
	for lines := bufio.NewScanner(stream.Body); len(got) < 4 && lines.Scan(); {
		if strings.HasPrefix(lines.Text(), "event:") || strings.HasPrefix(lines.Text(), "data:") {
			got = append(got, strings.ReplaceAll(lines.Text(), ": ", ":"))
		}
	}
	want := `event:stock-update data:{"symbol":"APP","price":10.5} event:stock-update data:{"symbol":"APP","price":11}`
	if all := strings.Join(got, " "); all != want {
		t.Errorf("the stream said\n%s, want\n%s", all, want)
	}
}

// chat speaks to tutti itself as a user, whom the cookie tells.
func chat(ctx context.Context, t *testing.T, url string) {
	cl, err := client.Connect(url, client.Options{Header: http.Header{"Cookie": {"user=ann"}}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cl.Close() }()
	lobby := cl.Topic("chat:lobby")
	seen := make(chan client.Entry, 2)
	lobby.Subscribe(func(e client.Entry) { seen <- e }, client.SubscribeOptions{From: tutti.Earliest()})

	var rejection *tutti.Error
	if _, err := lobby.Publish(ctx, line{Text: " "}, client.PublishOptions{}); !errors.As(err, &rejection) || rejection.Message != "Say something." {
		t.Errorf("a line of blanks: %v", err)
	}
	if _, err := lobby.Publish(ctx, line{Text: " hello "}, client.PublishOptions{}); err != nil {
		t.Fatal(err)
	}
	select {
	case e := <-seen:
		if string(e.Data) != `{"text":"hello"}` || e.Author == nil || e.Author.Sub != "ann" {
			t.Errorf("seen %s by %+v", e.Data, e.Author)
		}
	case <-ctx.Done():
		t.Error("nothing was seen")
	}
	var refusal *tutti.Error
	if _, err := cl.Topic(pricesTopic).Publish(ctx, 1, client.PublishOptions{}); !errors.As(err, &refusal) || refusal.Code != "forbidden" {
		t.Errorf("a price from a user: %v", err)
	}
}
