package main

import (
	"errors"
	"fmt"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/tuttisync/tutti/client"
	"github.com/tuttisync/tutti/protocol"
	"github.com/tuttisync/tutti/records"
)

// fields are those of a record.
type fields map[string]any

// document is one that was opened.
type document struct {
	edit func(method string, args []jsontext.Value) (*client.Mutation, error) // nil: there was nothing to do
	look func() any
}

func (a *agent) open(c command) error {
	switch c.Kind {
	case "counter":
		counter := client.OpenCounter(a.client, c.Topic, client.DocumentOptions{Offline: c.Offline})
		a.documents[c.Topic] = document{
			edit: func(_ string, args []jsontext.Value) (*client.Mutation, error) {
				var n int64
				err := read(args, &n)
				return counter.Add(n).Mutation, err
			},
			look: func() any { return counter.Value() },
		}
	case "set":
		set := client.OpenSet[any](a.client, c.Topic, client.DocumentOptions{Offline: c.Offline})
		a.documents[c.Topic] = document{
			edit: func(method string, args []jsontext.Value) (*client.Mutation, error) {
				var value any
				err := read(args, &value)
				if method == "remove" {
					return set.Remove(value).Mutation, err
				}
				return set.Add(value).Mutation, err
			},
			look: func() any { return append([]any{}, set.Values()...) },
		}
	case "records":
		all := client.OpenRecords[fields](a.client, c.Topic, client.RecordsOptions{DocumentOptions: client.DocumentOptions{Offline: c.Offline}})
		a.documents[c.Topic] = document{
			edit: func(method string, args []jsontext.Value) (*client.Mutation, error) {
				return editRecords(all, method, args)
			},
			look: func() any {
				shown := map[string]fields{}
				for key, value := range all.All() {
					shown[key] = value
				}
				return shown
			},
		}
	case "text":
		shared := client.OpenText(a.client, c.Topic, client.DocumentOptions{Offline: c.Offline})
		a.documents[c.Topic] = document{
			edit: func(method string, args []jsontext.Value) (*client.Mutation, error) {
				return editText(shared, method, args)
			},
			look: func() any { return shared.Value() },
		}
	default:
		return errors.New("unknown kind")
	}
	return nil
}

func editText(shared *client.Text, method string, args []jsontext.Value) (*client.Mutation, error) {
	switch method {
	case "type":
		var part float64
		var n int
		var s string
		err := read(args, &part, &n, &s)
		length := shared.Len()
		at := int(part * float64(length))
		return shared.Replace(at, min(n, length-at), s), err
	case "undo", "redo":
		back := shared.Undo
		if method == "redo" {
			back = shared.Redo
		}
		if made := back(); len(made) > 0 {
			return made[len(made)-1], nil
		}
		return nil, nil
	}
	return nil, errors.New("unknown method")
}

// options are those of an operation on a record.
type options struct {
	If []struct {
		Field  string
		Equals any
	} `json:"if"`
	IfUnseen records.Unseen `json:"ifUnseen"`
}

func (o options) guards() []client.Guard {
	all := []client.Guard{client.IfUnseen(o.IfUnseen)}
	for _, c := range o.If {
		all = append(all, client.If(records.Equals(c.Equals).On(c.Field)))
	}
	return all
}

func editRecords(all *client.Records[fields], method string, args []jsontext.Value) (*client.Mutation, error) {
	var key, after string
	var value fields
	var o options
	switch method {
	case "set":
		err := read(args, &key, &value, &o)
		return all.Set(key, value, o.guards()...).Mutation, err
	case "patch":
		err := read(args, &key, &value, &o)
		return all.Patch(key, value, o.guards()...).Mutation, err
	case "delete":
		err := read(args, &key, &o)
		return all.Delete(key, o.guards()...).Mutation, err
	case "move":
		err := read(args, &key, &after)
		return all.Move(key, after).Mutation, err
	case "undo":
		made, _ := all.Undo()
		return made.Mutation, nil
	}
	return nil, errors.New("unknown method")
}

// read reads arguments; those that are left out stay as they are.
func read(args []jsontext.Value, into ...any) error {
	for i, arg := range args {
		if err := json.Unmarshal(arg, into[i], json.MatchCaseInsensitiveNames(true)); err != nil {
			return fmt.Errorf("argument %d: %w", i, err)
		}
	}
	return nil
}

func (a *agent) edit(c command) error {
	m, err := a.documents[c.Topic].edit(c.Method, c.Args)
	if err != nil {
		return err
	}
	go func() {
		if m != nil {
			if _, err := m.Result(); err != nil {
				a.say(said{"event": "settled", "n": c.N, "error": protocol.AsError(err).Code})
				return
			}
		}
		a.say(said{"event": "settled", "n": c.N})
	}()
	return nil
}

// countUp is the command tally.
func (a *agent) countUp(c command) error {
	var by int64
	if c.By != nil {
		if err := json.Unmarshal(c.By, &by); err != nil {
			return fmt.Errorf("by: %w", err)
		}
	}
	if by > 0 {
		if _, err := a.tally.Increment(by); err != nil {
			return err
		}
	}
	if c.Payload != nil {
		if err := a.tally.ApplyPayload(c.Payload); err != nil {
			return err
		}
	}
	a.say(said{"event": "answer", "n": c.N, "data": said{"value": a.tally.Value(), "payload": a.tally.Payload()}})
	return nil
}
