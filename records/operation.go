package records

import (
	"github.com/go-json-experiment/json"
)

// The bounds of an operation.
const (
	MaxOps        = 500 // of a batch
	MaxConditions = 16
	MaxKeyBytes   = 255 // of a key, and of a field's name
)

// Op is one of [Set], [Patch] and [Delete], as a [Batch] holds them.
type Op interface{ step() }

// Set creates a record, or replaces it.
type Set struct {
	Key      string
	Value    any         // marshals to a JSON object
	If       []Condition // what must hold, else precondition_failed
	IfUnseen Unseen
	Own      bool // only if the record is not there, else nothing happens
}

// Patch writes and removes fields of a record, at least one.
type Patch struct {
	Key      string
	Set      any // marshals to a JSON object, by fields; nil: none
	Unset    []string
	If       []Condition
	IfUnseen Unseen
	Own      bool // only fields that this client wrote last
}

// Delete deletes a record.
type Delete struct {
	Key      string
	If       []Condition
	IfUnseen Unseen
	Own      bool // only fields that this client wrote last
}

// Batch applies operations in order, all or none; 1 to [MaxOps].
type Batch struct{ Ops []Op }

// Unseen says what becomes of an operation that would overwrite or remove a
// field whose last write its author had not seen.
type Unseen string

const (
	Overwrite Unseen = ""       // it is applied
	Reject    Unseen = "reject" // overwrites_unseen
)

func (Set) step()    {}
func (Patch) step()  {}
func (Delete) step() {}

// wire is an operation as it stands in the log.
type wire struct {
	Op       string      `json:"op"`
	Key      string      `json:"key,omitzero"`
	Value    any         `json:"value,omitzero"`
	Set      any         `json:"set,omitzero"`
	Unset    []string    `json:"unset,omitempty"`
	If       []Condition `json:"if,omitempty"`
	IfUnseen Unseen      `json:"ifUnseen,omitzero"`
	Own      bool        `json:"own,omitzero"`
	Ops      []Op        `json:"ops,omitempty"`
}

// MarshalJSON returns the operation as it stands in the log.
func (s Set) MarshalJSON() ([]byte, error) {
	return json.Marshal(wire{Op: "set", Key: s.Key, Value: s.Value, If: s.If, IfUnseen: s.IfUnseen, Own: s.Own})
}

// MarshalJSON returns the operation as it stands in the log.
func (p Patch) MarshalJSON() ([]byte, error) {
	return json.Marshal(wire{Op: "patch", Key: p.Key, Set: p.Set, Unset: p.Unset, If: p.If, IfUnseen: p.IfUnseen, Own: p.Own})
}

// MarshalJSON returns the operation as it stands in the log.
func (d Delete) MarshalJSON() ([]byte, error) {
	return json.Marshal(wire{Op: "delete", Key: d.Key, If: d.If, IfUnseen: d.IfUnseen, Own: d.Own})
}

// MarshalJSON returns the operation as it stands in the log.
func (b Batch) MarshalJSON() ([]byte, error) {
	return json.Marshal(wire{Op: "batch", Ops: b.Ops})
}
