package text

import (
	"encoding/json"
	"fmt"
	"unicode/utf8"
)

// Splice is a change at one place: Delete code points behind At others are
// deleted, and Insert is put there. Its JSON is [at, delete, insert].
type Splice struct {
	At     int
	Delete int
	Insert string
}

// MarshalJSON returns [at, delete, insert].
func (s Splice) MarshalJSON() ([]byte, error) { return json.Marshal([]any{s.At, s.Delete, s.Insert}) }

// UnmarshalJSON reads [at, delete, insert].
func (s *Splice) UnmarshalJSON(data []byte) error {
	var parts []json.RawMessage
	if err := json.Unmarshal(data, &parts); err != nil || len(parts) != 3 {
		return fail(BadOperation, "A splice is [at, delete, insert].")
	}
	for i, v := range []any{&s.At, &s.Delete, &s.Insert} {
		if err := json.Unmarshal(parts[i], v); err != nil {
			return fail(BadOperation, "A splice is [at, delete, insert].")
		}
	}
	return nil
}

// Op is a change of a text: splices, each of which sees those before it.
type Op []Splice

// Insert is the operation that puts text behind so many code points.
func Insert(at int, text string) Op { return Op{{At: at, Insert: text}} }

// Delete is the operation that deletes n code points behind so many.
func Delete(at, n int) Op { return Op{{At: at, Delete: n}} }

// Side says whose text comes first where two operations insert at one place.
type Side int

// The sides.
const (
	Left  Side = iota // what the operation inserts stands in front
	Right             // behind
)

// MaxLength is how many code points a text may have.
const MaxLength = 1 << 29

// Check returns an error if the operation cannot be applied to a text of so many
// code points: bad_operation, or limit_exceeded if it came to too many.
func (op Op) Check(length int) error {
	_, err := op.check(length)
	return err
}

// check returns an error if an operation cannot be applied to a text of so many
// code points, or how many it has then.
func (op Op) check(length int) (int, error) {
	for _, s := range op {
		switch {
		case s.At < 0 || s.Delete < 0 || s.At > length || s.Delete > length-s.At:
			return 0, fail(BadOperation, fmt.Sprintf("A splice at %d that deletes %d is not within a text of %d code points.", s.At, s.Delete, length))
		case !utf8.ValidString(s.Insert):
			return 0, fail(BadOperation, "What is inserted is not UTF-8.")
		}
		if length += utf8.RuneCountInString(s.Insert) - s.Delete; length > MaxLength {
			return 0, fail(LimitExceeded, fmt.Sprintf("A text has at most %d code points.", MaxLength))
		}
	}
	return length, nil
}

// events is how many code points an operation inserts and deletes.
func (op Op) events() (n int) {
	for _, s := range op {
		n += s.Delete + utf8.RuneCountInString(s.Insert)
	}
	return n
}

// Apply returns the text that an operation makes of one: bad_operation if it
// cannot be applied to it.
func Apply(text string, op Op) (string, error) {
	if !utf8.ValidString(text) {
		return "", fail(BadOperation, "The text is not UTF-8.")
	}
	if _, err := op.check(utf8.RuneCountInString(text)); err != nil {
		return "", err
	}
	r := newRope(text)
	for _, s := range op {
		r.splice(s)
	}
	return r.String(), nil
}

// splice applies a splice that was checked.
func (r *rope) splice(s Splice) {
	if s.Delete > 0 {
		r.remove(s.At, s.Delete)
	}
	if s.Insert != "" {
		r.insert(s.At, s.Insert, sizeOf(s.Insert))
	}
}

// Transform returns what op, made without knowing against, does to a text to
// which against was applied already:
//
//	Apply(Apply(s, a), Transform(b, a, Right)) == Apply(Apply(s, b), Transform(a, b, Left))
//
// It is what merging makes of the two. Both must fit the same text.
func Transform(op, against Op, side Side) (Op, error) {
	for _, o := range []Op{op, against} {
		if _, err := o.check(MaxLength / 2); err != nil {
			return nil, err
		}
	}
	var h history
	h.graph.add(0, nil)
	h.splices(against)
	fork := h.end
	if fork == 0 || len(op) == 0 {
		return op, nil
	}
	h.graph.add(fork, nil)
	h.splices(op)
	order := -1
	if side == Right {
		order = 1
	}
	w := walker{history: &h, tracker: newTracker(0, MaxLength/2, func(lv, lv) int { return order })}
	if err := w.reach(fork, nil); err != nil {
		return nil, err
	}
	var result Op
	err := w.reach(h.end, func(e edit) { result = result.with(e) })
	return result, err
}

// splices adds the events of an operation.
func (h *history) splices(op Op) {
	for _, s := range op {
		if s.Delete > 0 {
			h.remove(s.At, s.Delete)
		}
		if s.Insert != "" {
			h.insert(s.At, s.Insert, utf8.RuneCountInString(s.Insert))
		}
	}
}

// with returns the operation with another change behind, in its last splice
// where it continues that.
func (op Op) with(e edit) Op {
	if len(op) > 0 {
		last := &op[len(op)-1]
		switch inserted := utf8.RuneCountInString(last.Insert); {
		case e.n == 0 && e.at == last.At+inserted:
			last.Insert += e.text
			return op
		case e.n > 0 && last.Insert == "" && e.at == last.At:
			last.Delete += e.n
			return op
		case e.n > 0 && last.Insert == "" && e.at+e.n == last.At:
			last.At, last.Delete = e.at, last.Delete+e.n
			return op
		}
	}
	return append(op, Splice{At: e.at, Delete: e.n, Insert: e.text})
}

// TransformPosition returns where a position is after an operation. What is
// inserted there moves it if it is on the right side of it.
func TransformPosition(at int, op Op, side Side) int {
	for _, s := range op {
		n := utf8.RuneCountInString(s.Insert)
		switch {
		case at < s.At || at == s.At && side == Left:
		case at >= s.At+s.Delete:
			at += n - s.Delete
		default:
			at = s.At
			if side == Right {
				at += n
			}
		}
	}
	return at
}

// and returns the operation with another behind.
func (op Op) and(other Op) Op {
	for _, s := range other {
		if s.Delete > 0 {
			op = op.with(edit{at: s.At, n: s.Delete})
		}
		if s.Insert != "" {
			op = op.with(edit{at: s.At, text: s.Insert})
		}
	}
	return op
}
