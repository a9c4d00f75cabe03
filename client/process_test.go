package client_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/tuttisync/tutti"
	"github.com/tuttisync/tutti/client"
	"github.com/tuttisync/tutti/client/internal/keep"
	"github.com/tuttisync/tutti/client/internal/shelf"
)

// processStory names what a process of the tests is to do, which does nothing else.
const processStory = "TUTTI_CLIENT_STORY"

// story is what such a process does: it opens a note, which is kept in a directory,
// says what it shows, writes, says what it shows when all is stored, and waits to be
// killed.
type story struct {
	Address string
	Dir     string
	Front   string   // is written in front
	Back    string   // is written behind
	Until   []string // what the note is to hold then, also as it is stored
	Settled bool     // nothing is to wait then
}

// watched is a store that remembers what is in it, and was.
type watched struct {
	keep.Store
	changed chan<- struct{}

	mu      sync.Mutex // guards written
	written []byte
}

func (w *watched) Write(changes []shelf.Change) error {
	err := w.Store.Write(changes)
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range changes {
		w.written = append(append(w.written, c.Value...), '\n')
	}
	wake(w.changed)
	return err
}

func (w *watched) has(words string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return bytes.Contains(w.written, []byte(words))
}

func wake(changed chan<- struct{}) {
	select {
	case changed <- struct{}{}:
	default:
	}
}

func tell(told string) error {
	var s story
	if err := json.Unmarshal([]byte(told), &s); err != nil {
		return err
	}
	changed := make(chan struct{}, 1)
	w := &watched{changed: changed}
	c, err := client.Connect(s.Address, client.Options{Dir: s.Dir}.OnDisk(func(dir string) (keep.Store, error) {
		store, err := shelf.Open(dir)
		if err != nil {
			return nil, err
		}
		rows, err := store.Read("")
		for _, r := range rows {
			w.written = append(w.written, r.Value...)
		}
		w.Store = store
		return w, err
	}))
	if err != nil {
		return err
	}
	note := client.OpenText(c, "text:note", client.DocumentOptions{Offline: true})
	say := func() { fmt.Printf("%q\n", note.Value()) }
	say()
	note.Subscribe(func([]string) { wake(changed) })
	c.Outbox().OnChange(func() { wake(changed) })
	if s.Back != "" {
		note.Insert(note.Len(), s.Back)
		note.Insert(0, s.Front)
	}
	for {
		all := !s.Settled || len(c.Outbox().Entries()) == 0
		for _, words := range s.Until {
			all = all && strings.Contains(note.Value(), words) && w.has(strings.TrimSpace(words))
		}
		if all {
			break
		}
		<-changed
	}
	say()
	select {}
}

// process lets a process tell a story, and kills it then. It returns what the note
// showed when it was opened, and in the end.
func process(t *testing.T, s story) (opened, then string) {
	t.Helper()
	told, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	child := exec.CommandContext(within(t), os.Args[0])
	child.Env = append(os.Environ(), processStory+"="+string(told))
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for _, into := range []*string{&opened, &then} {
		if !lines.Scan() {
			t.Fatalf("the process ended: %v", child.Wait())
		}
		if _, err := fmt.Sscanf(lines.Text(), "%q", into); err != nil {
			t.Fatal(err)
		}
	}
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = child.Wait() // it was killed
	return opened, then
}

// TestProcesses writes notes on two devices offline, kills both processes, opens both
// again offline, and then online: both hold everything.
func TestProcesses(t *testing.T) {
	t.Run("COPY-1 COPY-2 OUT-2 OUT-3 notes of two processes that are killed", func(t *testing.T) {
		tu := serve(t, tutti.Config{Dev: true}).tu
		var offline atomic.Bool
		web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if offline.Load() {
				http.Error(w, "There is no network.", http.StatusForbidden)
				return
			}
			tu.ServeHTTP(w, r)
		}))
		t.Cleanup(web.Close)
		devices := []string{t.TempDir(), t.TempDir()}
		process(t, story{Address: web.URL, Dir: devices[0], Back: "shared ", Until: []string{"shared "}, Settled: true})
		process(t, story{Address: web.URL, Dir: devices[1], Until: []string{"shared "}, Settled: true})

		offline.Store(true)
		var shown []string
		for i, dir := range devices {
			s := story{Address: web.URL, Dir: dir, Front: fmt.Sprintf("%d: ", i), Back: fmt.Sprintf("written by %d ", i)}
			s.Until = []string{s.Front, s.Back}
			opened, then := process(t, s)
			if want := fmt.Sprintf("%d: shared written by %d ", i, i); opened != "shared " || then != want {
				t.Errorf("offline, device %d shows %q, and then %q", i, opened, then)
			}
			shown = append(shown, then)
		}
		for i, dir := range devices {
			if opened, _ := process(t, story{Address: web.URL, Dir: dir}); opened != shown[i] {
				t.Errorf("offline again, device %d shows %q, not %q", i, opened, shown[i])
			}
		}

		offline.Store(false)
		process(t, story{Address: web.URL, Dir: devices[0], Settled: true})
		both := []string{"0:", "1:", "written by 0 ", "written by 1 "}
		_, b := process(t, story{Address: web.URL, Dir: devices[1], Until: both, Settled: true})
		_, a := process(t, story{Address: web.URL, Dir: devices[0], Until: both, Settled: true})
		value, _, err := tu.Document(t.Context(), "text:note")
		var want string
		if err == nil {
			err = json.Unmarshal(value, &want)
		}
		if err != nil || a != want || b != want || !strings.Contains(want, "shared ") || len(want) != len("0: shared written by 0 1: written by 1 ") {
			t.Errorf("the server has %q, %v, and the devices show %q and %q", want, err, a, b)
		}
	})
}
