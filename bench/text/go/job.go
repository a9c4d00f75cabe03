package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/tuttisync/tutti/internal/traces"
	"github.com/tuttisync/tutti/text"
)

// A job is done once and tells how long it took, and the text that came of it.
type job func() (time.Duration, string, error)

var last struct {
	name string
	job  job
}

// prepared returns a job with what it needs of its history, which is not timed.
func prepared(r request) (job, error) {
	name := r.Job + " " + r.History
	if last.name == name {
		return last.job, nil
	}
	h, err := read(r.History)
	if err != nil {
		return nil, err
	}
	var j job
	switch r.Job {
	case "type":
		j = timed(func() (*text.Replica, error) { return typed(h) })
	case "merge":
		j, err = merge(h)
	case "follow":
		j, err = follow(h)
	case "load", "snapshot":
		j, err = open(h, "")
	case "resume":
		j, err = open(h, "!")
	case "meet":
		j, err = meet(h)
	default:
		err = fmt.Errorf("there is no job %q", r.Job)
	}
	if err != nil {
		return nil, err
	}
	last.name, last.job = name, j
	return j, nil
}

// read reads the history of a file that has one.
func read(file string) (traces.History, error) {
	all, err := traces.Read(file)
	if err != nil {
		return traces.History{}, fmt.Errorf("read %s: %w", file, err)
	}
	return all[0], nil
}

// timed is the job of making a replica and reading its text.
func timed(run func() (*text.Replica, error)) job {
	return func() (time.Duration, string, error) {
		begin := time.Now()
		r, err := run()
		if err != nil {
			return 0, "", err
		}
		text := r.String()
		return time.Since(begin), text, nil
	}
}

// edit applies splices one by one.
func edit(r *text.Replica, op text.Op) error {
	for _, s := range op {
		if err := r.Replace(s.At, s.Delete, s.Insert); err != nil {
			return err
		}
	}
	return nil
}

// typed makes the text of a history whose txns follow each other.
func typed(h traces.History) (*text.Replica, error) {
	r := text.New("agent 1")
	return r, edit(r, h.Patches)
}

// merge takes a whole concurrent history into an empty replica.
func merge(h traces.History) (job, error) {
	update, err := whole(h)
	return timed(func() (*text.Replica, error) {
		r := text.New("reader")
		_, err := r.Merge(update)
		return r, err
	}), err
}

// follow takes a concurrent history in, in one update for each change.
func follow(h traces.History) (job, error) {
	author := text.New("author")
	updates := make([][]byte, len(h.Changes))
	for i := range h.Changes {
		before, err := author.Version()
		if err != nil {
			return nil, err
		}
		if _, err := author.MergeChanges(h.Changes[i : i+1]); err != nil {
			return nil, err
		}
		if updates[i], err = author.Since(before); err != nil {
			return nil, err
		}
	}
	return timed(func() (*text.Replica, error) {
		r := text.New("reader")
		for _, update := range updates {
			if _, err := r.Merge(update); err != nil {
				return nil, err
			}
		}
		return r, nil
	}), nil
}

// whole is the update that has all of a concurrent history.
func whole(h traces.History) ([]byte, error) {
	author := text.New("author")
	if _, err := author.MergeChanges(h.Changes); err != nil {
		return nil, err
	}
	return author.Since(nil)
}

// open opens what was saved, and writes something into it if it is not empty.
func open(h traces.History, write string) (job, error) {
	r, err := typed(h)
	if err != nil {
		return nil, err
	}
	saved, err := r.Save()
	return timed(func() (*text.Replica, error) {
		r, err := text.Open("reader", saved)
		if err == nil && write != "" {
			err = r.Insert(0, write)
		}
		return r, err
	}), err
}

// meet takes the update of one branch into the other.
func meet(h traces.History) (job, error) {
	base, one, two := h.Changes[0], h.Changes[1], h.Changes[2]
	a, first, err := branch(base, one)
	if err != nil {
		return nil, err
	}
	b, second, err := branch(base, two)
	if err != nil {
		return nil, err
	}
	if _, err := b.Merge(first); err != nil {
		return nil, err
	}
	expected := b.String()
	return func() (time.Duration, string, error) {
		c, err := a.Clone(a.Agent())
		if err != nil {
			return 0, "", err
		}
		took, text, err := timed(func() (*text.Replica, error) {
			_, err := c.Merge(second)
			return c, err
		})()
		if err == nil && text != expected {
			err = errors.New("the branches differ when they have met")
		}
		return took, text, err
	}, nil
}

// branch returns a replica that wrote one branch, and the update that has it.
func branch(base, own text.Change) (*text.Replica, []byte, error) {
	r := text.New(own.Agent)
	if _, err := r.MergeChanges([]text.Change{base}); err != nil {
		return nil, nil, err
	}
	before, err := r.Version()
	if err != nil {
		return nil, nil, err
	}
	if err := edit(r, own.Op); err != nil {
		return nil, nil, err
	}
	update, err := r.Since(before)
	return r, update, err
}
