package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime/pprof"
	"strings"
)

// maxLine is the longest request or answer between the bench and a server.
const maxLine = 1 << 20

// serve is a server's process. It tells its address on a line of its own,
// then answers each line of requests by one line, and ends with the requests:
//
//	publish TOPIC DATA   publishes from within the server
//	collect              collects garbage and gives memory back
//	usage                is answered by a usage as JSON
//	cpu FILE             starts a processor profile, FILE - ends it
//	heap FILE            writes a profile of the heap, after a collection
//
// The answer is JSON, or "failed: " and why.
func serve(name string, requests io.Reader, answers io.Writer) error {
	k, err := findKind(name)
	if err != nil {
		return err
	}
	srv, err := k.start()
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
	err = answer(srv, listener.Addr(), requests, answers)
	err = errors.Join(err, web.Close(), srv.close())
	if e := <-ended; !errors.Is(e, http.ErrServerClosed) {
		err = errors.Join(err, e)
	}
	return err
}

func answer(srv *server, addr net.Addr, requests io.Reader, answers io.Writer) error {
	if _, err := fmt.Fprintln(answers, addr); err != nil {
		return err
	}
	lines := bufio.NewScanner(requests)
	lines.Buffer(nil, maxLine)
	for lines.Scan() {
		what, of, _ := strings.Cut(lines.Text(), " ")
		text, err := act(srv, what, of)
		if err != nil {
			text = []byte("failed: " + strings.ReplaceAll(err.Error(), "\n", "; "))
		}
		if _, err := answers.Write(append(text, '\n')); err != nil {
			return err
		}
	}
	return lines.Err()
}

func act(srv *server, what, of string) ([]byte, error) {
	done := []byte("{}")
	switch what {
	case "publish":
		topic, data, _ := strings.Cut(of, " ")
		return done, srv.publish(topic, []byte(data))
	case "collect":
		collect()
		return done, nil
	case "usage":
		u, err := readUsage()
		if err != nil {
			return nil, err
		}
		return json.Marshal(u)
	case "cpu":
		return done, profileCPU(of)
	case "heap":
		collect()
		return done, profileHeap(of)
	}
	return nil, fmt.Errorf("unknown request %q", what)
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
