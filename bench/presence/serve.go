package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
)

// serve is a server's process. It tells its address, then answers
//
//	collect   collects garbage and gives memory back; is answered by collected
//	cpu FILE  starts a processor profile, FILE - ends it
//	heap FILE writes a profile of the heap
func serve(name string, requests io.Reader, answers io.Writer) error {
	s, err := findSystem(name)
	if err != nil {
		return err
	}
	srv, err := s.start()
	if err != nil {
		return fmt.Errorf("start %s: %w", name, err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return errors.Join(err, srv.close())
	}
	web := &http.Server{Handler: srv.handler}
	ended := make(chan error, 1)
	go func() { ended <- web.Serve(listener) }()
	err = answer(requests, answers, listener.Addr().String(), act)
	err = errors.Join(err, web.Close(), srv.close())
	if e := <-ended; !errors.Is(e, http.ErrServerClosed) {
		err = errors.Join(err, e)
	}
	return err
}

// collected is what is left of memory, in bytes.
type collected struct {
	Heap int64 `json:"heap"`
}

func act(what, of string) ([]byte, error) {
	switch what {
	case "collect":
		return json.Marshal(collected{Heap: collect()})
	case "cpu":
		return []byte("{}"), profileCPU(of)
	case "heap":
		return []byte("{}"), profileHeap(of)
	}
	return nil, fmt.Errorf("unknown request %q", what)
}

// collect leaves no garbage: stacks shrink by half with each collection.
func collect() int64 {
	for range 4 {
		runtime.GC()
	}
	debug.FreeOSMemory()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func profileCPU(file string) error {
	if file == "-" {
		pprof.StopCPUProfile()
		return nil
	}
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	return pprof.StartCPUProfile(f) // f is complete when the profile has ended
}

func profileHeap(file string) error {
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	return errors.Join(pprof.Lookup("heap").WriteTo(f, 0), f.Close())
}
