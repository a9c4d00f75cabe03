// Package traces reads recorded histories of texts.
//
// A file is JSON, gzipped or not: an array of histories {txns, endContent} whose
// txns have span, agent, seqStart, parents (events) and ops; or one trace
// {startContent, endContent, txns} whose txns have patches, and, of kind
// "concurrent", agent and parents (txns).
package traces

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"unicode/utf8"

	"github.com/tuttisync/tutti/text"
)

// History is what one or more agents did to a text.
type History struct {
	Kind    string        // sequential, concurrent or histories
	End     string        // the text that comes of it; empty if the file does not tell
	Patches text.Op       // of a sequential one, the text before it first
	Changes []text.Change // of the others
}

// Read returns the histories of a file, at least one.
func Read(file string) ([]History, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	in := bufio.NewReader(f)
	var data io.Reader = in
	if magic, _ := in.Peek(2); bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		if data, err = gzip.NewReader(in); err != nil {
			return nil, err
		}
	}
	content, err := io.ReadAll(data)
	if err != nil {
		return nil, err
	}
	var all []History
	if content = bytes.TrimSpace(content); bytes.HasPrefix(content, []byte("[")) {
		all, err = histories(content)
	} else {
		all, err = trace(content)
	}
	if err == nil && len(all) == 0 {
		err = errors.New("it holds no history")
	}
	return all, err
}

func histories(data []byte) ([]History, error) {
	var all []struct {
		Txns []struct {
			Span     [2]int  `json:"span"`
			Parents  []int   `json:"parents"`
			Agent    string  `json:"agent"`
			SeqStart int     `json:"seqStart"`
			Ops      text.Op `json:"ops"`
		} `json:"txns"`
		EndContent string `json:"endContent"`
	}
	if err := json.Unmarshal(data, &all); err != nil {
		return nil, err
	}
	read := make([]History, 0, len(all))
	for _, h := range all {
		r := History{Kind: "histories", End: h.EndContent}
		var events []text.Event
		for _, t := range h.Txns {
			c := text.Change{Agent: t.Agent, Seq: t.SeqStart, Op: t.Ops}
			for _, p := range t.Parents {
				if p < 0 || p >= len(events) {
					return nil, errors.New("a parent comes behind its child")
				}
				c.Parents = append(c.Parents, events[p])
			}
			for i := range t.Span[1] - t.Span[0] {
				events = append(events, text.Event{Agent: t.Agent, Seq: t.SeqStart + i})
			}
			r.Changes = append(r.Changes, c)
		}
		read = append(read, r)
	}
	return read, nil
}

func trace(data []byte) ([]History, error) {
	var t struct {
		Kind         string `json:"kind"`
		StartContent string `json:"startContent"`
		EndContent   string `json:"endContent"`
		Txns         []struct {
			Parents []int   `json:"parents"`
			Agent   int     `json:"agent"`
			Patches text.Op `json:"patches"`
		} `json:"txns"`
	}
	if err := json.Unmarshal(data, &t); err != nil {
		return nil, err
	}
	r := History{Kind: "sequential", End: t.EndContent}
	if t.Kind != "concurrent" {
		if t.StartContent != "" {
			r.Patches = text.Insert(0, t.StartContent)
		}
		for _, txn := range t.Txns {
			r.Patches = append(r.Patches, txn.Patches...)
		}
		return []History{r}, nil
	}
	r.Kind = t.Kind
	last := make([][]text.Event, len(t.Txns)) // of each txn, or those of its parents if it has none
	seqs := make(map[int]int)
	for i, txn := range t.Txns {
		var parents []text.Event
		for _, p := range txn.Parents {
			if p < 0 || p >= i {
				return nil, errors.New("a parent comes behind its child")
			}
			parents = append(parents, last[p]...)
		}
		agent, n := fmt.Sprint("agent ", txn.Agent), 0
		for _, p := range txn.Patches {
			n += p.Delete + utf8.RuneCountInString(p.Insert)
		}
		if last[i] = parents; n == 0 {
			continue
		}
		r.Changes = append(r.Changes, text.Change{Agent: agent, Seq: seqs[txn.Agent], Parents: parents, Op: txn.Patches})
		seqs[txn.Agent] += n
		last[i] = []text.Event{{Agent: agent, Seq: seqs[txn.Agent] - 1}}
	}
	return []History{r}, nil
}
