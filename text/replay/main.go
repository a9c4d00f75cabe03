// Command replay measures the text engine on recorded histories, and checks that
// it comes to their ends:
//
//	go run ./text/replay FILE…
//
// Package traces says what a file holds. Times are the median of five runs.
package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/tuttisync/tutti/internal/traces"
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

func replay(file string) error {
	histories, err := traces.Read(file)
	if err != nil {
		return err
	}
	apply, merge, save, load, bytes, err := measure(histories)
	if err != nil {
		return err
	}
	fmt.Printf("| %s | %s | %s | %s | %s | %s | %d | %s |\n", filepath.Base(file), histories[0].Kind, apply, merge, save, load, bytes, peak())
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

func measure(histories []traces.History) (apply, merge, save, load times, size int, err error) {
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
		for i := range histories {
			h := &histories[i]
			var local, remote *text.Replica
			timed(0, func() (err error) { local, err = written(h); return err })
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
				if err == nil && opened.String() != h.End {
					err = errors.New("what was saved differs")
				}
				return err
			})
			if err != nil {
				return
			}
			if local.String() != h.End || remote.String() != h.End {
				err = fmt.Errorf("history %d does not come to its end", i)
				return
			}
		}
		ms := func(i int) float64 { return float64(spent[i]) / float64(time.Millisecond) }
		apply, merge, save, load = append(apply, ms(0)), append(merge, ms(1)), append(save, ms(2)), append(load, ms(3))
	}
	return
}

// written makes the text: of a sequential history by local changes, of another by
// taking in its changes one by one.
func written(h *traces.History) (*text.Replica, error) {
	t := text.New("local")
	for _, p := range h.Patches {
		if err := t.Replace(p.At, p.Delete, p.Insert); err != nil {
			return nil, err
		}
	}
	for i := range h.Changes {
		if _, err := t.MergeChanges(h.Changes[i : i+1]); err != nil {
			return nil, err
		}
	}
	return t, nil
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
