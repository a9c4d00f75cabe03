package process

import (
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
)

// Serve is a server's process: it serves on loopback, says its address, and ends
// with its requests. Beside those of act it answers
//
//	cpu FILE   starts a processor profile, FILE - ends it
//	heap FILE  writes a profile of the heap, after a collection
func Serve(handler http.Handler, requests io.Reader, answers io.Writer, act Act) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	web := &http.Server{Handler: handler}
	ended := make(chan error, 1)
	go func() { ended <- web.Serve(listener) }()
	err = Answer(requests, answers, listener.Addr().String(), func(what, of string) ([]byte, error) {
		switch what {
		case "cpu":
			return []byte("{}"), profileCPU(of)
		case "heap":
			Collect()
			return []byte("{}"), profileHeap(of)
		}
		return act(what, of)
	})
	err = errors.Join(err, web.Close())
	if e := <-ended; !errors.Is(e, http.ErrServerClosed) {
		err = errors.Join(err, e)
	}
	return err
}

// Collect leaves no garbage: stacks shrink by half with each collection.
func Collect() {
	for range 4 {
		runtime.GC()
	}
	debug.FreeOSMemory()
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
