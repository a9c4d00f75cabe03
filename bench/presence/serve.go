package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime"

	"github.com/tuttisync/tutti/bench/internal/process"
)

// serve is a server's process. Beside what [process.Serve] does it answers
//
//	collect   collects garbage and gives memory back; is answered by collected
func serve(name string, requests io.Reader, answers io.Writer) error {
	s, err := findSystem(name)
	if err != nil {
		return err
	}
	srv, err := s.start()
	if err != nil {
		return fmt.Errorf("start %s: %w", name, err)
	}
	return errors.Join(process.Serve(srv.handler, requests, answers, act), srv.close())
}

// collected is what is left of memory, in bytes.
type collected struct {
	Heap int64 `json:"heap"`
}

func act(what, _ string) ([]byte, error) {
	if what != "collect" {
		return nil, fmt.Errorf("unknown request %q", what)
	}
	process.Collect()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return json.Marshal(collected{Heap: int64(m.HeapAlloc)})
}
