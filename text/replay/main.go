// Command replay measures the text engine on recorded histories, and checks that
// it comes to their ends:
//
//	go run ./text/replay FILE…
//
// A file is JSON, gzipped or not: an array of histories {txns, endContent} whose
// txns have span, agent, seqStart, parents (events) and ops; or one trace
// {startContent, endContent, txns} whose txns have patches, and, of kind
// "concurrent", agent and parents (txns). Times are the median of five runs.
package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tuttisync/tutti/text"
)

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: replay FILE…")
		os.Exit(2)
	}
	if len(os.Args) == 2 {
		fmt.Println("| file | kind | local apply, ms | remote merge, ms | save, ms | load, ms | saved, bytes | peak memory, MiB |")
		fmt.Println("|---|---|---:|---:|---:|---:|---:|---:|")
		if err := replay(os.Args[1]); err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", os.Args[1], err)
			os.Exit(1)
		}
		return
	}
	// Each in a process of its own, so that its memory is its own.
	failed := false
	for i, file := range os.Args[1:] {
		out, err := exec.Command(os.Args[0], file).Output()
		lines := strings.SplitAfter(string(out), "\n")
		if i > 0 && len(lines) > 2 {
			lines = lines[2:]
		}
		fmt.Print(strings.Join(lines, ""))
		if err != nil {
			failed = true
			fmt.Fprintf(os.Stderr, "%s: %s", file, stderrOf(err))
		}
	}
	if failed {
		os.Exit(1)
	}
}

func stderrOf(err error) string {
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return string(exit.Stderr)
	}
	return err.Error() + "\n"
}

// record is a history to replay.
type record struct {
	kind    string
	start   string
	end     string
	patches text.Op       // of a sequential one
	changes []text.Change // of the others
}

func replay(file string) error {
	records, err := read(file)
	if err != nil {
		return err
	}
	apply, merge, save, load, bytes, err := measure(records)
	if err != nil {
		return err
	}
	fmt.Printf("| %s | %s | %s | %s | %s | %s | %d | %s |\n", filepath.Base(file), records[0].kind, apply, merge, save, load, bytes, peak())
	return nil
}

// times are those of one step, in milliseconds.
type times []float64

func (t times) String() string {
	if len(t) == 0 {
		return "–"
	}
	t = slices.Sorted(slices.Values(t))
	return fmt.Sprintf("%.2f", t[len(t)/2])
}

const runs = 5

func measure(records []record) (apply, merge, save, load times, size int, err error) {
	for range runs {
		var spent [4]time.Duration
		size = 0
		timed := func(i int, f func() error) {
			if err == nil {
				begin := time.Now()
				err = f()
				spent[i] += time.Since(begin)
			}
		}
		for i := range records {
			r := &records[i]
			var local, remote *text.Replica
			timed(0, func() (err error) { local, err = r.apply(); return err })
			if err != nil {
				return
			}
			var update []byte
			if update, err = local.Since(nil); err != nil {
				return
			}
			timed(1, func() error {
				remote = text.New("remote")
				_, err := remote.Merge(update)
				return err
			})
			var saved []byte
			timed(2, func() (err error) { saved, err = local.Save(); return err })
			size += len(saved)
			timed(3, func() error {
				opened, err := text.Open("opened", saved)
				if err == nil && opened.String() != r.end {
					err = errors.New("what was saved differs")
				}
				return err
			})
			if err != nil {
				return
			}
			if local.String() != r.end || remote.String() != r.end {
				err = fmt.Errorf("history %d does not come to its end", i)
				return
			}
		}
		ms := func(i int) float64 { return float64(spent[i]) / float64(time.Millisecond) }
		apply, merge, save, load = append(apply, ms(0)), append(merge, ms(1)), append(save, ms(2)), append(load, ms(3))
	}
	return
}

// apply makes the text: of a sequential history by local changes, of another by
// taking in its changes one by one.
func (r *record) apply() (*text.Replica, error) {
	t := text.New("local")
	if r.start != "" {
		if err := t.Insert(0, r.start); err != nil {
			return nil, err
		}
	}
	for _, p := range r.patches {
		if err := t.Replace(p.At, p.Delete, p.Insert); err != nil {
			return nil, err
		}
	}
	for i := range r.changes {
		if _, err := t.MergeChanges(r.changes[i : i+1]); err != nil {
			return nil, err
		}
	}
	return t, nil
}

func read(file string) ([]record, error) {
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
	all, err := io.ReadAll(data)
	if err != nil {
		return nil, err
	}
	var records []record
	if all = bytes.TrimSpace(all); bytes.HasPrefix(all, []byte("[")) {
		records, err = histories(all)
	} else {
		records, err = trace(all)
	}
	if err == nil && len(records) == 0 {
		err = errors.New("it holds no history")
	}
	return records, err
}

func histories(data []byte) ([]record, error) {
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
	records := make([]record, 0, len(all))
	for _, h := range all {
		r := record{kind: "histories", end: h.EndContent}
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
			r.changes = append(r.changes, c)
		}
		records = append(records, r)
	}
	return records, nil
}

func trace(data []byte) ([]record, error) {
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
	r := record{kind: "sequential", start: t.StartContent, end: t.EndContent}
	if t.Kind != "concurrent" {
		for _, txn := range t.Txns {
			r.patches = append(r.patches, txn.Patches...)
		}
		return []record{r}, nil
	}
	r.kind = t.Kind
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
		r.changes = append(r.changes, text.Change{Agent: agent, Seq: seqs[txn.Agent], Parents: parents, Op: txn.Patches})
		seqs[txn.Agent] += n
		last[i] = []text.Event{{Agent: agent, Seq: seqs[txn.Agent] - 1}}
	}
	return []record{r}, nil
}

// peak is the most memory that the process has held, where the system tells.
func peak() string {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return "–"
	}
	for line := range strings.Lines(string(status)) {
		var kib int
		if n, _ := fmt.Sscanf(line, "VmHWM: %d kB", &kib); n == 1 {
			return fmt.Sprintf("%.0f", float64(kib)/1024)
		}
	}
	return "–"
}
