// Command go is tutti's text engine in Go for the benchmark of text engines: a
// process that does what each line of its standard input asks for, and answers
// each with one line, as src/worker.js does for the engines in JavaScript, where
// the requests are told.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"time"
)

// request is a line of the standard input.
type request struct {
	Job     string  `json:"job"`
	History string  `json:"history"` // a file
	Warm    float64 `json:"warm"`    // ms that the job is run again for
	Open    string  `json:"open"`    // the file that first opens, if it is not empty
	Merge   string  `json:"merge"`   // the file that first merges
	To      string  `json:"to"`      // the file that save writes
	From    string  `json:"from"`    // the file that memory opens
	Copies  int     `json:"copies"`
	Edit    bool    `json:"edit"`
}

// answer is a line of the standard output.
type answer struct {
	MS       float64 `json:"ms,omitempty"`
	Text     string  `json:"text,omitempty"`
	Smallest int     `json:"smallest,omitempty"` // bytes
	Usual    int     `json:"usual,omitempty"`    // bytes
	Bytes    float64 `json:"bytes,omitempty"`
	Error    string  `json:"error,omitempty"`
}

func main() {
	in, out := bufio.NewScanner(os.Stdin), json.NewEncoder(os.Stdout)
	for in.Scan() {
		var r request
		var a answer
		err := json.Unmarshal(in.Bytes(), &r)
		if err == nil {
			a, err = do(r)
		}
		if err != nil {
			a = answer{Error: err.Error()}
		}
		if err := out.Encode(a); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}

func do(r request) (answer, error) {
	switch r.Job {
	case "prepareFirst":
		return answer{}, prepareFirst(r)
	case "first":
		return first(r)
	case "save":
		return save(r)
	case "memory":
		return memory(r)
	}
	run, err := prepared(r)
	if err != nil {
		return answer{}, err
	}
	for spent := 0.0; ; {
		took, text, err := run()
		if err != nil {
			return answer{}, err
		}
		ms := float64(took) / float64(time.Millisecond)
		if spent += ms; spent >= r.Warm {
			return answer{MS: ms, Text: text}, nil
		}
	}
}
