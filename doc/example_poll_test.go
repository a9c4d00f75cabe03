package doc_test

import (
	"fmt"
	"iter"
	"maps"
	"slices"

	"github.com/go-json-experiment/json"

	"github.com/tuttisync/tutti/doc"
	"github.com/tuttisync/tutti/protocol"
)

// Poll is a type of documents: choices, and who voted for them. A client votes
// for as many as it likes, once for each.
var Poll doc.Type = poll{}

type poll struct{}

// ballot is an operation: a vote for a choice, or one that is taken back.
type ballot struct {
	back   bool
	choice string
}

// voters are a cell, at the key of a choice: the clients that voted for it.
type voters map[string]bool

func (poll) Name() string { return "poll" }

func (poll) Decode(data []byte) (doc.Op, error) {
	const form = `{"op": "vote" or "unvote", "choice": a text of 1 to 100 bytes}`
	var op struct {
		Op     string `json:"op"`
		Choice string `json:"choice"`
	}
	if err := doc.Decode(data, &op, form); err != nil {
		return nil, err
	}
	if op.Op != "vote" && op.Op != "unvote" || op.Choice == "" || len(op.Choice) > 100 {
		return nil, protocol.Errorf(protocol.BadOperation, "An operation is %s.", form)
	}
	return ballot{op.Op == "unvote", op.Choice}, nil
}

func (b ballot) Keys() []string { return []string{b.choice} }

func (b ballot) Apply(e *doc.Entry, cells doc.Cells) error {
	before, _ := cells.Get(b.choice).(voters)
	if e.Client == "" {
		return protocol.Errorf(protocol.PreconditionFailed, "Only a client has a vote.")
	}
	if before[e.Client] == !b.back {
		return nil
	}
	after := maps.Clone(before)
	if b.back {
		delete(after, e.Client)
	} else if after == nil {
		after = voters{e.Client: true}
	} else {
		after[e.Client] = true
	}
	if len(after) == 0 {
		cells.Set(b.choice, nil)
	} else {
		cells.Set(b.choice, after)
	}
	return nil
}

func (poll) AppendCell(b []byte, cell doc.Cell) []byte {
	text, _ := json.Marshal(slices.Sorted(maps.Keys(cell.(voters))))
	return append(b, text...)
}

func (p poll) CellBytes(cell doc.Cell) int { return len(p.AppendCell(nil, cell)) }

func (poll) Same(a, b doc.Cell) bool { return len(a.(voters)) == len(b.(voters)) }

func (poll) DecodeCell(choice string, data []byte) (doc.Cell, error) {
	var clients []string
	if err := json.Unmarshal(data, &clients); err != nil || len(clients) == 0 || choice == "" {
		return nil, protocol.Errorf(protocol.BadMessage, "A poll's cell is the clients that voted for a choice.")
	}
	cell := make(voters)
	for _, client := range clients {
		cell[client] = true
	}
	return cell, nil
}

func (poll) AppendValue(b []byte, cells iter.Seq2[string, doc.Cell]) []byte {
	votes := make(map[string]int)
	for choice, cell := range cells {
		votes[choice] = len(cell.(voters))
	}
	text, _ := json.Marshal(votes, json.Deterministic(true))
	return append(b, text...)
}

// A type of documents, whole: what its operations look like, what they do to
// cells, and how cells and the value are written.
func Example() {
	ballots := []struct{ client, data string }{
		{"ann", `{"op": "vote", "choice": "tea"}`},
		{"bob", `{"op": "vote", "choice": "tea"}`},
		{"bob", `{"op": "vote", "choice": "coffee"}`},
		{"ann", `{"op": "vote", "choice": "tea"}`},
		{"bob", `{"op": "unvote", "choice": "tea"}`},
		{"", `{"op": "vote", "choice": "tea"}`},
		{"bob", `{"op": "vote", "choices": ["tea", "coffee"]}`},
	}
	state := doc.New(Poll)
	for _, b := range ballots {
		op, err := Poll.Decode([]byte(b.data))
		if err == nil {
			err = state.Fold(&doc.Entry{Offset: state.Offset() + 1, Client: b.client, Base: state.Offset()}, op)
		}
		if err != nil {
			fmt.Println(err)
		}
	}
	fmt.Println(string(state.AppendValue(nil)))
	fmt.Println(string(state.AppendCells(nil)))
	// Output:
	// precondition_failed: Only a client has a vote.
	// bad_operation: An operation is {"op": "vote" or "unvote", "choice": a text of 1 to 100 bytes}; "/choices" does not fit.
	// {"coffee":1,"tea":1}
	// [["coffee",["bob"]],["tea",["ann"]]]
}
