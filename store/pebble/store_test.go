package pebble

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tuttisync/tutti/store"
)

func TestOpen_refuses_a_directory_in_use(t *testing.T) {
	dir := t.TempDir()
	s, err := Open(Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := Open(Config{Dir: dir}); err == nil || !strings.Contains(err.Error(), "another process uses the directory "+dir) {
		t.Fatalf("Open of a directory in use: %v", err)
	}
}

func TestOpen_finds_what_was_written(t *testing.T) {
	dir := t.TempDir()
	for run := range 3 {
		s, err := Open(Config{Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		head, err := s.Head(t.Context(), "a")
		if err != nil || head.Last != uint64(run) {
			t.Fatalf("run %d: head %+v, %v", run, head, err)
		}
		b := store.Batch{After: head.Last, Entries: [][]byte{fmt.Append(nil, run)}, Rows: []store.Row{{Key: "k", Value: []byte("v")}}}
		if err := s.Append(t.Context(), "a", b); err != nil {
			t.Fatal(err)
		}
		entries, err := s.Read(t.Context(), "a", 0, 100, 1000)
		if err != nil || len(entries) != run+1 {
			t.Fatalf("run %d: %v, %v", run, entries, err)
		}
		if terms, err := s.Terms(t.Context(), "a"); err != nil || len(terms) != run+1 {
			t.Fatalf("run %d: %v, %v", run, terms, err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
