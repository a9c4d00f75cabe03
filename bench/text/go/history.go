package main

import (
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode/utf8"

	"github.com/tuttisync/tutti/text"
)

// history is one of a file: in patches if its txns follow each other, else in
// changes.
type history struct {
	patches text.Op
	changes []text.Change
}

// read reads a history of the shape that src/histories.js tells.
func read(file string) (history, error) {
	f, err := os.Open(file)
	if err != nil {
		return history{}, err
	}
	defer func() { _ = f.Close() }()
	var data io.Reader = f
	if strings.HasSuffix(file, ".gz") {
		if data, err = gzip.NewReader(f); err != nil {
			return history{}, fmt.Errorf("read %s: %w", file, err)
		}
	}
	var raw struct {
		Kind         string `json:"kind"`
		StartContent string `json:"startContent"`
		Txns         []txn  `json:"txns"`
	}
	if err := json.NewDecoder(data).Decode(&raw); err != nil {
		return history{}, fmt.Errorf("read %s: %w", file, err)
	}
	var h history
	if raw.Kind == "concurrent" {
		h.changes, err = changes(raw.Txns)
		return h, err
	}
	if raw.StartContent != "" {
		h.patches = text.Insert(0, raw.StartContent)
	}
	for _, t := range raw.Txns {
		h.patches = append(h.patches, t.Patches...)
	}
	return h, nil
}

type txn struct {
	Parents []int   `json:"parents"` // txns
	Agent   int     `json:"agent"`
	Patches text.Op `json:"patches"`
}

// changes returns the txns, none of which may be empty, as changes.
func changes(txns []txn) ([]text.Change, error) {
	all := make([]text.Change, 0, len(txns))
	lasts := make([]text.Event, len(txns)) // the last event of each
	next := make(map[int]int)              // of each agent, the seq
	for i, t := range txns {
		c := text.Change{Agent: fmt.Sprint("agent ", t.Agent+1), Seq: next[t.Agent], Op: t.Patches}
		for _, p := range t.Parents {
			if p < 0 || p >= i {
				return nil, errors.New("a parent comes behind its child")
			}
			c.Parents = append(c.Parents, lasts[p])
		}
		for _, s := range t.Patches {
			next[t.Agent] += s.Delete + utf8.RuneCountInString(s.Insert)
		}
		if next[t.Agent] == c.Seq {
			return nil, errors.New("a txn is empty")
		}
		lasts[i] = text.Event{Agent: c.Agent, Seq: next[t.Agent] - 1}
		all = append(all, c)
	}
	return all, nil
}
