package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/tuttisync/tutti/bench/internal/process"
)

// serve is a server's process. Beside what [process.Serve] does it answers
//
//	publish TOPIC DATA   publishes from within the server
//	collect              collects garbage and gives memory back
//	usage                is answered by a usage as JSON
func serve(name string, requests io.Reader, answers io.Writer) error {
	k, err := findKind(name)
	if err != nil {
		return err
	}
	srv, err := k.start()
	if err != nil {
		return fmt.Errorf("start %s: %w", name, err)
	}
	err = process.Serve(srv.handler, requests, answers, func(what, of string) ([]byte, error) { return act(srv, what, of) })
	return errors.Join(err, srv.close())
}

func act(srv *server, what, of string) ([]byte, error) {
	done := []byte("{}")
	switch what {
	case "publish":
		topic, data, _ := strings.Cut(of, " ")
		return done, srv.publish(topic, []byte(data))
	case "collect":
		process.Collect()
		return done, nil
	case "usage":
		u, err := readUsage()
		if err != nil {
			return nil, err
		}
		return json.Marshal(u)
	}
	return nil, fmt.Errorf("unknown request %q", what)
}
