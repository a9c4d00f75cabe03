package client

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/tuttisync/tutti/client/core"
	"github.com/tuttisync/tutti/client/internal/keep"
	"github.com/tuttisync/tutti/protocol"
)

// OldEntry is an entry of the outbox, as an application of another version made it.
// Migrate may change its topic, name and data.
type OldEntry struct {
	Topic   string
	Name    string
	Data    jsontext.Value
	Version int // by which it was made
}

// keeping are the options of what keeps this client's work.
func (c *Client) keeping() keep.Options {
	o := c.options
	return keep.Options{
		Dir: o.Dir, Server: c.address, User: o.User, Version: o.Version, Open: o.open, Now: time.Now,
		Migrate: func(old keep.OldEntry) (keep.OldEntry, bool) {
			now, ok := o.Migrate(OldEntry(old))
			return keep.OldEntry(now), ok
		},
		Reserve:  func() uint64 { return c.numbers.Add(1) },
		Report:   c.reportKept,
		Stored:   func(batch uint64) { c.post(func() { c.step(core.Kept{Batch: batch}) }) },
		Unstored: c.unkept,
		Changed:  c.outboxChanged,
		Erased:   func() { c.aside(c.Close) },
	}
}

// unkept tells the core that what it wanted stored could not be, and waits until it
// knows.
func (c *Client) unkept() {
	known := make(chan struct{})
	if c.post(func() { c.step(core.Unkept{}); close(known) }) {
		<-known
	}
}

// aside ends the client from a goroutine of its own.
func (c *Client) aside(end func() error) { go func() { _ = end() }() }

// keep lets what the core wants to be stored be stored.
func (c *Client) keep(e core.Keep) {
	c.keeper.Keep(e, func(key uint64) string {
		if s, ok := c.operations[key].(*sending); ok {
			return s.replica.kind
		}
		return ""
	})
}

// storageFailed returns an error as storage_failed, which wraps it; nil stays nil.
func storageFailed(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w: %w", protocol.Errorf(protocol.StorageFailed, ""), err)
}

// reportKept tells an error of the keeper's: queue_full, or else storage_failed.
func (c *Client) reportKept(err error) {
	var full *protocol.Error
	if !errors.As(err, &full) {
		err = storageFailed(err)
	}
	c.report(err)
}

// report tells what went wrong with what is kept.
func (c *Client) report(err error) {
	if c.options.OnError == nil {
		c.options.Logger.Error("keeping has failed", "error", err)
		return
	}
	c.dispatcher.add(func() { c.options.OnError(err) })
}

// revive opens the documents that a former life has left something of. What is on one
// of a type that the client does not have waits (rule OUT-13). It is called before the
// client begins.
func (c *Client) revive(life *keep.Life) (revived []*replica) {
	id := ""
	if life.Restore.Client != nil {
		id = life.Restore.Client.ID
	}
	for _, left := range life.Documents {
		empty := contentOf(left.Doc)
		if empty == nil {
			left.Copy.Close()
			c.keeper.Foreign(left.Topic)
			continue
		}
		r := c.newReplica(left.Topic, left.Doc, empty)
		c.documents[left.Topic] = r
		r.revive(id, left)
		revived = append(revived, r)
	}
	return revived
}

// besides begins the clients that send what dead ones have left. Each ends when it
// has nothing left.
func (c *Client) besides(dead []keep.Dead) {
	options := c.options
	options.OnStatus = nil
	for _, d := range dead {
		side := newClient(c.address, options)
		keeping := side.keeping()
		keeping.Report = c.reportKept
		keeping.Changed = func() {
			if side.keeper != nil && side.keeper.Idle() {
				side.aside(side.Close)
			}
			c.outboxChanged() // its dead letters are this client's too
		}
		var life *keep.Life
		var err error
		if side.keeper, life, err = c.keeper.Beside(keeping, d); err != nil {
			side.cancel()
			c.reportKept(err)
			continue
		}
		side.begin(life)
		c.sides = append(c.sides, side)
		keeping.Changed()
	}
}

// Forget ends the client for good, and erases all that is kept of its user on this
// server: what was not sent is lost. Other clients of the user that use the
// directory end too. It waits as Close does, but no longer than ctx.
func (c *Client) Forget(ctx context.Context) error {
	forgotten := make(chan error, 1)
	c.aside(func() error {
		c.end()
		var err error
		if c.keeper != nil {
			err = storageFailed(c.keeper.Forget())
		}
		forgotten <- err
		return err
	})
	select {
	case err := <-forgotten:
		return err
	case <-ctx.Done():
		return fmt.Errorf("forget: %w: %w", ctx.Err(), protocol.Errorf(protocol.Aborted, ""))
	}
}

// subOf is the sub of a token, which nobody has proved; empty if it has none.
func subOf(token string) string {
	_, rest, _ := strings.Cut(token, ".")
	payload, _, _ := strings.Cut(rest, ".")
	raw, err := base64.RawURLEncoding.DecodeString(payload)
	var claims struct {
		Sub string `json:"sub"`
	}
	if err = errors.Join(err, json.Unmarshal(raw, &claims)); err != nil {
		return ""
	}
	return claims.Sub
}
