package hub

import (
	"context"
	"fmt"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/tuttisync/tutti/auth"
	"github.com/tuttisync/tutti/internal/topic"
	"github.com/tuttisync/tutti/protocol"
)

// Version names a version of a document.
type Version struct {
	Identity auth.Identity
	Topic    string
	Name     string
	At       *uint64 // to keep the value as of this entry; nil: now
}

// VersionValue is a named version: what is told of it, and the value, which a list
// leaves out.
type VersionValue struct {
	Name   string           `json:"name"`
	Doc    string           `json:"doc"` // the document's type
	Offset uint64           `json:"offset"`
	Term   string           `json:"term,omitzero"`
	Time   int64            `json:"time"`            // when it was kept, in milliseconds since 1970
	Author *protocol.Author `json:"author,omitzero"` // who kept it
	Value  jsontext.Value   `json:"value,omitzero"`
}

// VersionList are a document's versions, in the order of their names' bytes.
type VersionList struct {
	Topic    string           `json:"topic"`
	Versions []jsontext.Value `json:"versions"`
}

// KeepVersion keeps a document's value under a name, in place of what was kept
// under it before; created says that there was nothing (rule DOC-36).
//
// Versions are rows of the topic's log: the sequencer writes them as it does those
// of clients, so they are as durable as entries, no two writers count past the
// limit, and neither retention nor truncation touches them. A store holds one
// snapshot of a topic, the newest, and so has no place for a version; to trim no
// log that a version needs was the other way, which lets whoever may edit keep a
// log for ever.
func (h *Hub) KeepVersion(ctx context.Context, v Version) (about *VersionValue, created bool, err error) {
	t, err := h.versioned(ctx, &v, auth.Edit)
	if err != nil {
		return nil, false, err
	}
	var then protocol.DocumentValue
	if err := t.glance(ctx, v.At, &then); err != nil {
		return nil, false, h.storeError(err)
	}
	if len(then.Value) > maxTogether {
		return nil, false, protocol.Errorf(protocol.LimitExceeded, "The value has %d bytes; a version has at most %d.", len(then.Value), maxTogether)
	}
	about = &VersionValue{
		Name: v.Name, Doc: t.document.kind.Name(), Offset: then.Offset, Term: then.Term,
		Time: h.now().UnixMilli(), Author: author(v.Identity),
	}
	whole := *about
	whole.Value = then.Value
	command := &topic.Version{Name: v.Name}
	if command.About, err = encodeVersion(about); err != nil {
		return nil, false, err
	}
	if command.Whole, err = encodeVersion(&whole); err != nil {
		return nil, false, err
	}
	verdict, err := t.version(ctx, command)
	return about, verdict.Kind == topic.Accepted, err
}

// ForgetVersion forgets a version (rule DOC-37): not_found if there is none.
func (h *Hub) ForgetVersion(ctx context.Context, v Version) error {
	t, err := h.versioned(ctx, &v, auth.Edit)
	if err != nil {
		return err
	}
	_, err = t.version(ctx, &topic.Version{Name: v.Name})
	return err
}

// Version returns a version (rule DOC-37): not_found if there is none.
func (h *Hub) Version(ctx context.Context, v Version) (*VersionValue, error) {
	t, err := h.versioned(ctx, &v, auth.History)
	if err != nil {
		return nil, err
	}
	whole, err := t.kept(ctx, v.Name)
	if err != nil {
		return nil, h.storeError(err)
	}
	return whole, nil
}

// Versions lists a document's versions (rule DOC-37).
func (h *Hub) Versions(ctx context.Context, v Version) (*VersionList, error) {
	t, err := h.documentOf(ctx, v.Topic)
	if err != nil {
		return nil, err
	}
	if err := h.allow(ctx, v.Identity, auth.History, v.Topic); err != nil {
		return nil, err
	}
	rows, err := t.log.Rows(ctx, t.name, topic.VersionsAfter, topic.MaxVersions)
	if err != nil {
		return nil, h.storeError(fmt.Errorf("read versions: %w", err))
	}
	list := &VersionList{Topic: v.Topic, Versions: []jsontext.Value{}}
	for _, r := range rows {
		if !topic.IsVersion(r.Key) {
			break
		}
		list.Versions = append(list.Versions, r.Value)
	}
	return list, nil
}

// versioned returns the document, for those who have the right.
func (h *Hub) versioned(ctx context.Context, v *Version, verb auth.Verb) (*Topic, error) {
	if h.shut.Load() {
		return nil, draining()
	}
	if err := protocol.CheckVersion(v.Name); err != nil {
		return nil, err
	}
	t, err := h.documentOf(ctx, v.Topic)
	if err != nil {
		return nil, err
	}
	return t, h.allow(ctx, v.Identity, verb, v.Topic)
}

// version hands a command to the topic and waits for the verdict.
func (t *Topic) version(ctx context.Context, v *topic.Version) (topic.Verdict, error) {
	t.hub.publishes.begin()
	defer t.hub.publishes.end()
	verdict := make(chan topic.Verdict, 1)
	t.submit(job{version: v, tell: func(v topic.Verdict) { verdict <- v }})
	select {
	case v := <-verdict:
		if v.Err != nil {
			return v, v.Err
		}
		return v, nil
	case <-ctx.Done():
		return topic.Verdict{}, protocol.Errorf(protocol.Overloaded, "No answer came in time; the version may still be kept or forgotten.")
	}
}

// kept reads a version.
func (t *Topic) kept(ctx context.Context, name string) (*VersionValue, error) {
	row, err := t.log.Row(ctx, t.name, topic.VersionKey(name))
	if err != nil {
		return nil, fmt.Errorf("read version: %w", err)
	}
	if row == nil {
		return nil, protocol.Errorf(protocol.NotFound, "The document has no version %q.", name)
	}
	var v VersionValue
	if err := json.Unmarshal(row, &v, jsontext.AllowInvalidUTF8(true)); err != nil {
		return nil, fmt.Errorf("version %q is damaged: %w", name, err)
	}
	return &v, nil
}

func encodeVersion(v *VersionValue) ([]byte, error) {
	b, err := json.Marshal(v, jsontext.AllowInvalidUTF8(true)) // a name may be anything
	if err != nil {
		return nil, fmt.Errorf("encode version: %w", err)
	}
	return b, nil
}
