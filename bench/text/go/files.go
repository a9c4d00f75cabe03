package main

import (
	"errors"
	"os"
	"runtime"
	"time"

	"github.com/tuttisync/tutti/text"
)

// prepareFirst writes the files that first reads.
func prepareFirst(r request) error {
	h, err := read(r.History)
	if err != nil {
		return err
	}
	if r.Open == "" {
		update, err := whole(h)
		if err != nil {
			return err
		}
		return os.WriteFile(r.Merge, update, 0o600)
	}
	one, _, err := branch(h.Changes[0], h.Changes[1])
	if err != nil {
		return err
	}
	_, update, err := branch(h.Changes[0], h.Changes[2])
	if err != nil {
		return err
	}
	saved, err := one.Save()
	if err != nil {
		return err
	}
	return errors.Join(os.WriteFile(r.Open, saved, 0o600), os.WriteFile(r.Merge, update, 0o600))
}

// first opens what was saved, if anything was, takes in an update, and reads the
// text.
func first(r request) (answer, error) {
	var saved []byte
	var err error
	if r.Open != "" {
		if saved, err = os.ReadFile(r.Open); err != nil {
			return answer{}, err
		}
	}
	update, err := os.ReadFile(r.Merge)
	if err != nil {
		return answer{}, err
	}
	took, text, err := timed(func() (*text.Replica, error) {
		t := text.New("reader")
		if saved != nil {
			var err error
			if t, err = text.Open("reader", saved); err != nil {
				return nil, err
			}
		}
		_, err := t.Merge(update)
		return t, err
	})()
	return answer{MS: float64(took) / float64(time.Millisecond), Text: text}, err
}

// save writes what is saved of a typed history, and tells its size.
func save(r request) (answer, error) {
	h, err := read(r.History)
	if err != nil {
		return answer{}, err
	}
	t, err := typed(h)
	if err != nil {
		return answer{}, err
	}
	saved, err := t.Save()
	if err != nil {
		return answer{}, err
	}
	return answer{Text: t.String(), Smallest: len(saved), Usual: len(saved)}, os.WriteFile(r.To, saved, 0o600)
}

// memory tells the memory of one of several open documents. Only a process that
// has done nothing else can.
func memory(r request) (answer, error) {
	saved, err := os.ReadFile(r.From)
	if err != nil {
		return answer{}, err
	}
	docs := make([]*text.Replica, r.Copies)
	before := used()
	for i := range docs {
		if docs[i], err = text.Open("reader", saved); err != nil {
			return answer{}, err
		}
		if r.Edit {
			if err := docs[i].Insert(0, "!"); err != nil {
				return answer{}, err
			}
		}
	}
	a := answer{Bytes: float64(used()-before) / float64(len(docs)), Text: docs[0].String()}
	runtime.KeepAlive(docs)
	runtime.KeepAlive(saved)
	return a, nil
}

// used is the heap.
func used() int64 {
	for range 3 {
		runtime.GC()
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
