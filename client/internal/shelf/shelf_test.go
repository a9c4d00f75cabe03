package shelf

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

func open(t *testing.T, dir string) *Shelf {
	t.Helper()
	s, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func write(t *testing.T, s *Shelf, changes ...Change) {
	t.Helper()
	if err := s.Write(changes); err != nil {
		t.Fatal(err)
	}
}

func put(key, value string) Change { return Change{key, []byte(value)} }

// all is what a shelf holds.
func all(t *testing.T, s *Shelf) map[string]string {
	t.Helper()
	rows, err := s.Read("")
	if err != nil {
		t.Fatal(err)
	}
	found := make(map[string]string)
	for _, r := range rows {
		found[r.Key] = string(r.Value)
	}
	return found
}

func wants(t *testing.T, s *Shelf, want map[string]string) {
	t.Helper()
	if got := all(t, s); !maps.Equal(got, want) {
		t.Errorf("it holds %v, not %v", got, want)
	}
}

func TestShelf_DIR2_rows(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	s := open(t, dir)
	write(t, s, put("b/1", "one"), put("b/10", "ten"), put("b/2", "two"), put("a", ""), put("b/", "none"))
	write(t, s, put("b/2", "zwei"), Change{Key: "b/1"}, Change{Key: "c"})
	for range 2 {
		rows, err := s.Read("b/")
		var keys []string
		for _, r := range rows {
			keys = append(keys, r.Key+"="+string(r.Value))
		}
		if err != nil || !slices.Equal(keys, []string{"b/=none", "b/10=ten", "b/2=zwei"}) {
			t.Errorf("the rows are %q, %v", keys, err)
		}
		wants(t, s, map[string]string{"a": "", "b/": "none", "b/10": "ten", "b/2": "zwei"})
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if err := s.Write([]Change{put("a", "x")}); !errors.Is(err, os.ErrClosed) {
			t.Errorf("closed, a write is %v", err)
		}
		s = open(t, dir)
	}
	if _, err := Open(dir); !errors.Is(err, ErrLocked) {
		t.Errorf("a second one is %v", err)
	}
}

func TestShelf_is_written_anew_when_most_is_overwritten(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	want := make(map[string]string)
	random := rand.New(rand.NewPCG(1, 1))
	for i := range 400 {
		key, value := fmt.Sprint(random.IntN(20)), strings.Repeat(fmt.Sprint(i), 10_000+random.IntN(10_000))
		write(t, s, put(key, value))
		want[key] = value
	}
	info, err := os.Stat(filepath.Join(dir, "journal"))
	if err != nil || info.Size() > 4<<20 {
		t.Errorf("the journal has %d bytes, %v", info.Size(), err)
	}
	wants(t, s, want)
	s.Close()
	wants(t, open(t, dir), want)
}

func TestShelf_DIR4_erased(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a")
	s := open(t, dir)
	write(t, s, put("a", "1"))
	if s.Gone() {
		t.Error("it is gone")
	}
	if err := Erase(dir); err != nil {
		t.Fatal(err)
	}
	if err := s.Write([]Change{put("a", "2")}); !errors.Is(err, ErrGone) || !s.Gone() {
		t.Errorf("a write is %v", err)
	}
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the directory is still there: %v", err)
	}
	if err := Erase(dir); err != nil {
		t.Errorf("erased again: %v", err)
	}
}

func TestShelf_DIR4_an_erasure_that_was_cut_off_is_done(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	write(t, s, put("a", "1"))
	s.Close()
	if err := os.Chmod(filepath.Join(dir, "lock"), erased); err != nil {
		t.Fatal(err)
	}
	wants(t, open(t, dir), map[string]string{})
}

// TestShelf_DIR5_lost deletes files under a shelf: all rows are there again after the
// next look or write, under a lock, and once more.
func TestShelf_DIR5_lost(t *testing.T) {
	for name, lose := range map[string]func(dir string) error{
		"journal":   func(dir string) error { return os.Remove(filepath.Join(dir, "journal")) },
		"directory": os.RemoveAll,
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "a", "b")
			s := open(t, dir)
			write(t, s, put("a", "1"))
			write(t, s, put("b", "1"))
			for _, value := range []string{"2", "3"} {
				if err := lose(dir); err != nil {
					t.Fatal(err)
				}
				write(t, s, put("a", value))
				if err := lose(dir); err != nil {
					t.Fatal(err)
				}
				if s.Gone() {
					t.Fatal("it is gone")
				}
				if _, err := Open(dir); !errors.Is(err, ErrLocked) {
					t.Errorf("opened by another: %v", err)
				}
			}
			s.Close()
			wants(t, open(t, dir), map[string]string{"a": "3", "b": "1"})
		})
	}
}

// TestShelf_DIR5_lost_while_it_is_written_anew: the directory is deleted each time
// before the journal could be opened by its name.
func TestShelf_DIR5_lost_while_it_is_written_anew(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a")
	begun := false
	s, err := openWith(dir, func(path string, flag int) (file, error) {
		if begun && filepath.Base(path) == "journal" {
			os.RemoveAll(dir)
		}
		return openFile(path, flag)
	})
	if err != nil {
		t.Fatal(err)
	}
	begun = true
	write(t, s, put("a", "1"))
	for _, value := range []string{"2", "3"} {
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
		if s.Gone() {
			t.Fatal("it is gone")
		}
		write(t, s, put("b", value))
	}
	wants(t, s, map[string]string{"a": "1", "b": "3"})
	s.Close()
	wants(t, open(t, dir), map[string]string{"a": "1", "b": "3"})
}

// TestShelf_DIR2_cut_off cuts the journal at every byte: what is there then are the
// first writes, whole, and it goes on.
func TestShelf_DIR2_cut_off(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	var states []map[string]string
	var ends []int64
	note := func() { states, ends = append(states, all(t, s)), append(ends, s.end) }
	note()
	for i := range 6 {
		write(t, s, put(fmt.Sprint(i%3), strings.Repeat("é", i)), Change{Key: fmt.Sprint((i + 1) % 3)}, put("last", fmt.Sprint(i)))
		note()
	}
	s.Close()
	journal, err := os.ReadFile(filepath.Join(dir, "journal"))
	if err != nil {
		t.Fatal(err)
	}
	for cut := range journal {
		for _, tail := range []int{0, 50}[:1+(cut+1)%2] { // a file may have been made longer, and not written
			torn := filepath.Join(t.TempDir(), "torn")
			if err := os.MkdirAll(torn, 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(torn, "journal"), append(journal[:cut:cut], make([]byte, tail)...), 0o600); err != nil {
				t.Fatal(err)
			}
			s := open(t, torn)
			n, _ := slices.BinarySearchFunc(ends, int64(cut)+1, func(end, cut int64) int { return int(end - cut) })
			wants(t, s, states[n-1])
			if s.Damaged() {
				t.Fatalf("cut at %d it is damaged", cut)
			}
			write(t, s, put("new", "row"))
			s.Close()
			want := maps.Clone(states[n-1])
			want["new"] = "row"
			wants(t, open(t, torn), want)
		}
	}
}

func TestShelf_DIR3_damaged(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	write(t, s, put("a", "1"))
	middle := s.end
	write(t, s, put("b", "2"))
	write(t, s, put("c", "3"))
	s.Close()
	path := filepath.Join(dir, "journal")
	journal, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for at := middle; at < middle+header+2; at++ {
		spoilt := bytes.Clone(journal)
		spoilt[at] ^= 0x20
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "journal"), spoilt, 0o600); err != nil {
			t.Fatal(err)
		}
		s := open(t, dir)
		if !s.Damaged() {
			t.Errorf("with byte %d spoilt it is not damaged", at)
		}
		wants(t, s, map[string]string{"a": "1", "c": "3"})
		write(t, s, Change{Key: "a"}, put("d", "4"))
		s.Close()
		if kept, err := os.ReadFile(filepath.Join(dir, "journal.damaged")); err != nil || !bytes.Equal(kept, spoilt) {
			t.Errorf("what was damaged is kept as %d bytes, %v", len(kept), err)
		}
		again := open(t, dir)
		if again.Damaged() {
			t.Error("written anew it is still damaged")
		}
		wants(t, again, map[string]string{"c": "3", "d": "4"})
		again.Close()
	}
}

// disk fails at the n-th thing that is done with a file.
type disk struct {
	file
	left *int
}

var errFull = syscall.ENOSPC

func (d disk) fails() bool {
	*d.left--
	return *d.left == 0
}

func (d disk) WriteAt(p []byte, off int64) (int, error) {
	if d.fails() {
		n, _ := d.file.WriteAt(p[:len(p)/2], off)
		return n, errFull
	}
	return d.file.WriteAt(p, off)
}

func (d disk) Truncate(size int64) error {
	if d.fails() {
		return errFull
	}
	return d.file.Truncate(size)
}

func (d disk) Sync() error {
	if d.fails() {
		return errFull
	}
	return d.file.Sync()
}

// TestShelf_DIR2_failures lets one or two things in a row fail: what was stored
// before is there, what has failed is told, and may be there whole, and later
// writes are stored.
func TestShelf_DIR2_failures(t *testing.T) {
	for first := 1; first < 40; first++ {
		for second := range 3 {
			dir := t.TempDir()
			left := 0
			s, err := openWith(dir, func(path string, flag int) (file, error) {
				f, err := openFile(path, flag)
				if err != nil {
					return nil, err
				}
				return disk{f, &left}, nil
			})
			if err != nil {
				t.Fatal(err)
			}
			left = first
			want, failed := make(map[string]string), make(map[string][]string)
			for i := range 20 {
				key, value := fmt.Sprint(i%4), strings.Repeat(fmt.Sprint(i%10), 80_000)
				if err := s.Write([]Change{put(key, value)}); err != nil {
					if !errors.Is(err, errFull) {
						t.Fatal(err)
					}
					left = second
					failed[key] = append(failed[key], value)
					continue
				}
				want[key] = value
				delete(failed, key)
			}
			wants(t, s, want)
			s.Close()
			got := all(t, open(t, dir))
			for key, value := range got {
				if value != want[key] && !slices.Contains(failed[key], value) {
					t.Errorf("of the row %s another one is there, when %d and then %d fails", key, first, second)
				}
			}
			if len(got) < len(want) {
				t.Errorf("%d rows are there of %d, when %d and then %d fails", len(got), len(want), first, second)
			}
		}
	}
}

// FuzzJournal gives journals that may be anything: what can be read of one is the
// same when it is opened again, and it goes on.
func FuzzJournal(f *testing.F) {
	whole, _ := frame(nil, []Change{put("a", "1"), {Key: "b"}})
	whole, _ = frame(whole, []Change{put("b", "22")})
	f.Add(whole)
	f.Add(whole[:len(whole)-1])
	f.Add(append([]byte("x"), whole...))
	f.Add([]byte(mark + mark))
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, journal []byte) {
		dir, err := os.MkdirTemp(dir, "")
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(dir)
		if err := os.WriteFile(filepath.Join(dir, "journal"), journal, 0o600); err != nil {
			t.Fatal(err)
		}
		s := open(t, dir)
		found := all(t, s)
		write(t, s, put("new", "row"))
		s.Close()
		found["new"] = "row"
		s = open(t, dir)
		defer s.Close()
		wants(t, s, found)
	})
}
