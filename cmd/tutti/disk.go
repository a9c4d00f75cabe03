package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/tuttisync/tutti"
	"github.com/tuttisync/tutti/protocol"
	"github.com/tuttisync/tutti/store/pebble"
)

// disk is the file system, which can be made to say that it is full: by
// PUT {"full": true} on the control of faults.
type disk struct {
	vfs.FS
	full  atomic.Bool
	store *pebble.Store // on it; nil if all is kept in memory
}

// spoil puts a disk that can be spoiled under the store of a server.
func spoil(cfg *tutti.Config) (*disk, error) {
	d := &disk{FS: vfs.Default}
	if cfg.Dir == "" {
		return d, nil
	}
	var err error
	if d.store, err = pebble.Open(pebble.Config{Dir: cfg.Dir, FS: d, Logger: cfg.Logger}); err != nil {
		return nil, err
	}
	cfg.Dir, cfg.Store = "", d.store
	return d, nil
}

func (d *disk) close() error {
	if d.store == nil {
		return nil
	}
	return d.store.Close()
}

type diskState struct {
	Full bool `json:"full"`
}

// GetDiskUsage implements vfs.FS.
func (d *disk) GetDiskUsage(path string) (vfs.DiskUsage, error) {
	usage, err := d.FS.GetDiskUsage(path)
	if d.full.Load() {
		usage.AvailBytes = 0
	}
	return usage, err
}

func (d *disk) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.Method {
	case http.MethodGet:
	case http.MethodPut:
		var state diskState
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<10))
		if err == nil {
			err = json.Unmarshal(body, &state)
		}
		if err != nil {
			refuse(w, protocol.Errorf(protocol.BadMessage, `The body is {"full": true} or {"full": false}.`))
			return
		}
		d.full.Store(state.Full)
	default:
		w.Header().Set("Allow", "GET, PUT")
		refuse(w, protocol.Errorf(protocol.MethodNotAllowed, ""))
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = fmt.Fprintf(w, "{\"full\": %t}\n", d.full.Load()) // the reader may have left
}

func refuse(w http.ResponseWriter, err *protocol.Error) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(err.Kind().Status)
	_ = json.NewEncoder(w).Encode(map[string]*protocol.Error{"error": err}) // the reader may have left
}
