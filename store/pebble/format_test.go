package pebble

import (
	"encoding/binary"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

func TestOpen_refuses_a_newer_format(t *testing.T) {
	fs := vfs.NewMem()
	s, err := Open(Config{Dir: "d", FS: fs})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.db.Set([]byte{spaceFormat}, binary.AppendUvarint(nil, formatVersion+1), pebble.Sync); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the first leaves the directory free
		_, err := Open(Config{Dir: "d", FS: fs})
		if err == nil || !strings.Contains(err.Error(), "open store d: it has format version 2; this program knows versions up to 1") {
			t.Fatalf("open: %v", err)
		}
	}
}

func TestOpen_refuses_a_bad_configuration(t *testing.T) {
	for want, config := range map[string]Config{
		"Dir":      {},
		"Cache":    {Dir: "d", Cache: -1},
		"Queue":    {Dir: "d", Queue: -1},
		"Memtable": {Dir: "d", Memtable: 1},
	} {
		config.FS = vfs.NewMem()
		if _, err := Open(config); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("open without a good %s: %v", want, err)
		}
	}
}
