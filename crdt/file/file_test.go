package file

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/tuttisync/tutti/crdt"
)

const childFile = "TUTTI_CRDT_FILE"

func TestMain(m *testing.M) {
	if path := os.Getenv(childFile); path != "" {
		if err := countForEver(path); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}

// countForEver is a process that is killed: it says what is saved.
func countForEver(path string) error {
	counter := crdt.NewGCounter()
	f, err := Open(path, counter)
	if err != nil {
		return err
	}
	for {
		if _, err := counter.Increment(1); err != nil {
			return err
		}
		if err := f.Save(); err != nil {
			return err
		}
		fmt.Println(counter.Value())
	}
}

func open(t *testing.T, path string) (*crdt.GCounter, *File) {
	t.Helper()
	counter := crdt.NewGCounter()
	f, err := Open(path, counter)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return counter, f
}

func add(t *testing.T, c *crdt.GCounter, n int64) {
	t.Helper()
	if _, err := c.Increment(n); err != nil {
		t.Fatal(err)
	}
}

func TestFile_CRDT7_goes_on_under_its_id(t *testing.T) {
	path := filepath.Join(t.TempDir(), "counter.json")
	first, f := open(t, path)
	id := first.ReplicaID()
	add(t, first, 2)
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if first.ReplicaID() == id {
		t.Error("the replica keeps its id after Close, which another may have now")
	}
	if err := f.Save(); !errors.Is(err, os.ErrClosed) {
		t.Errorf("Save after Close: %v", err)
	}
	if err := f.Close(); err != nil {
		t.Errorf("Close again: %v", err)
	}

	second, f := open(t, path)
	add(t, second, 1)
	if second.ReplicaID() != id || second.Value() != 3 {
		t.Errorf("went on as %s with %d, want %s with 3", second.ReplicaID(), second.Value(), id)
	}
	if err := f.Save(); err != nil {
		t.Fatal(err)
	}
	if got, _ := os.ReadFile(path); string(got) != string(second.Payload()) {
		t.Errorf("the file has %s", got)
	}
}

func TestOpen_CRDT7_locked(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "counter.json")
	first, f := open(t, path)
	add(t, first, 2)
	if err := f.Save(); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(t.TempDir(), "link.json")
	if err := os.Symlink(path, link); err != nil {
		t.Skip(err)
	}
	linkedDir := filepath.Join(t.TempDir(), "linked")
	if err := os.Symlink(dir, linkedDir); err != nil {
		t.Fatal(err)
	}
	second := crdt.NewGCounter()
	id := second.ReplicaID()
	for _, way := range []string{path, link, filepath.Join(linkedDir, "counter.json"), filepath.Join(dir, ".", "counter.json")} {
		if _, err := Open(way, second); !errors.Is(err, ErrLocked) {
			t.Fatalf("%s: %v, want ErrLocked", way, err)
		}
	}
	if second.ReplicaID() != id || second.Value() != 0 {
		t.Errorf("what could not be opened changed the replica to %s", second.Payload())
	}

	payload, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := second.ApplyPayload(payload); err != nil || second.Value() != 2 || second.ReplicaID() != id {
		t.Errorf("taken over: %s, %v", second.Payload(), err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	third, _ := open(t, link)
	if third.Value() != 2 {
		t.Errorf("after the lock was given up: %d, want 2", third.Value())
	}
}

func TestSave_crash_before_the_rename(t *testing.T) {
	path := filepath.Join(t.TempDir(), "counter.json")
	counter, f := open(t, path)
	add(t, counter, 1)
	if err := f.Save(); err != nil {
		t.Fatal(err)
	}
	id := counter.ReplicaID()
	add(t, counter, 1)
	crash := errors.New("crash")
	f.rename = func(string, string) error { return crash }
	if err := f.Save(); !errors.Is(err, crash) {
		t.Fatal(err)
	}
	if err := os.WriteFile(path+".tmp", []byte(`{"counts":[["x`), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := f.unlock(); err != nil { // as the death of the process does
		t.Fatal(err)
	}

	again, f := open(t, path)
	if again.Value() != 1 || again.ReplicaID() != id {
		t.Fatalf("after the crash: %s", again.Payload())
	}
	add(t, again, 5)
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if once, _ := open(t, path); once.Value() != 6 {
		t.Errorf("saved over what the crash left: %d, want 6", once.Value())
	}
}

// What was sent before it was saved is more than the replica knows of itself.
func TestFile_CRDT8_older_than_what_was_sent(t *testing.T) {
	path := filepath.Join(t.TempDir(), "counter.json")
	counter, f := open(t, path)
	add(t, counter, 1)
	if err := f.Save(); err != nil {
		t.Fatal(err)
	}
	delta, err := counter.Increment(1)
	if err != nil {
		t.Fatal(err)
	}
	peer := crdt.NewGCounter()
	if err := errors.Join(peer.ApplyPayload(counter.Payload()), peer.ApplyPayload(delta), f.unlock()); err != nil {
		t.Fatal(err)
	}

	again, _ := open(t, path)
	if err := again.Merge(peer); crdt.CodeOf(err) != crdt.ReplicaReused {
		t.Fatalf("%v, want replica_reused", err)
	}
	again.Renew()
	if err := again.Merge(peer); err != nil || again.Value() != 2 {
		t.Errorf("renewed: %d, %v", again.Value(), err)
	}
}

func TestOpen_refuses(t *testing.T) {
	dir := t.TempDir()
	for name, content := range map[string]string{
		"empty": "", "cut": `{"counts":[["a",1]`, "of another type": `{"replicaId":"a","entries":[]}`,
	} {
		path := filepath.Join(dir, strings.ReplaceAll(name, " ", "_"))
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		for range 2 { // the second finds no lock left behind
			if _, err := Open(path, crdt.NewGCounter()); crdt.CodeOf(err) != crdt.BadPayload {
				t.Errorf("%s: %v, want bad_payload", name, err)
			}
		}
		if got, err := os.ReadFile(path); err != nil || string(got) != content {
			t.Errorf("%s: the file has %q, %v", name, got, err)
		}
	}
	for name, path := range map[string]string{
		"no directory": filepath.Join(dir, "none", "counter.json"),
		"a directory":  dir,
	} {
		if _, err := Open(path, crdt.NewGCounter()); err == nil || errors.Is(err, ErrLocked) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Whenever the process is killed, what it said was saved is there, and its lock
// is not.
func TestSave_killed(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes")
	}
	path := filepath.Join(t.TempDir(), "counter.json")
	var least int64
	for round := range 8 {
		child := exec.Command(os.Args[0])
		child.Env = append(os.Environ(), childFile+"="+path)
		child.Stderr = os.Stderr
		out, err := child.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		for range round*3 + 1 {
			if !lines.Scan() {
				break
			}
			if least, err = strconv.ParseInt(lines.Text(), 10, 64); err != nil {
				t.Fatal(err)
			}
		}
		if err := child.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		for lines.Scan() {
			if n, err := strconv.ParseInt(lines.Text(), 10, 64); err == nil {
				least = n
			}
		}
		if child.Wait() == nil || least == 0 {
			t.Fatal("the process ended by itself")
		}
		counter := crdt.NewGCounter()
		f, err := Open(path, counter)
		if err != nil {
			t.Fatal(err)
		}
		if counter.Value() < least || counter.Value() > least+1 {
			t.Errorf("round %d: %d is there, %d was saved", round, counter.Value(), least)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
