package doc_test

import (
	"testing"

	"github.com/tuttisync/tutti/doc"
	"github.com/tuttisync/tutti/doc/doctest"
	"github.com/tuttisync/tutti/protocol"
)

// TestPoll sees that the type that the documentation shows keeps what doc.Type
// promises.
func TestPoll(t *testing.T) {
	for _, data := range []string{
		`{"op":"vote","choice":"tea"}`, `{"op":"unvote","choice":"tea"}`, `{"op":"vote","choice":""}`, `{"op":"vote","choice":null}`,
		`{"op":"vote"}`, `{"op":"vote","choice":"tea","more":1}`, `[]`, `null`, `{`,
	} {
		doctest.Operation(t, Poll, []byte(data))
	}
	for _, data := range []string{`["ann","bob"]`, `[]`, `null`, `[1]`, `{}`} {
		doctest.Cell(t, Poll, "tea", []byte(data))
		doctest.Cell(t, Poll, "", []byte(data))
	}
}

// TestDraftAfterFold judges on a draft that was made before the state went on,
// as after an append that somebody else won.
func TestDraftAfterFold(t *testing.T) {
	vote := func(choice string) doc.Op {
		op, err := Poll.Decode([]byte(`{"op":"vote","choice":"` + choice + `"}`))
		if err != nil {
			t.Fatal(err)
		}
		return op
	}
	s := doc.New(Poll)
	d := s.Draft(60)
	judge := func(offset uint64, client, choice string) error {
		return d.Judge(&doc.Entry{Offset: offset, Client: client}, vote(choice))
	}
	if err := judge(1, "ann", "tea"); err != nil {
		t.Fatal(err)
	}
	d.Drop()
	if err := s.Fold(&doc.Entry{Offset: 1, Client: "bob"}, vote("coffee")); err != nil {
		t.Fatal(err)
	}
	if err := judge(2, "ann", "tea"); err != nil {
		t.Fatal(err)
	}
	if err := judge(3, "ann", "a choice that is too long for the bound"); !protocol.Errorf(protocol.LimitExceeded, "").Is(err) {
		t.Fatalf("DOC-7: %v, want limit_exceeded", err)
	}
	if err := judge(3, "bob", "tea"); err != nil {
		t.Fatal(err)
	}
	d.Commit()
	const want = `[["coffee",["bob"]],["tea",["ann","bob"]]]`
	if got := string(s.AppendCells(nil)); got != want || s.Offset() != 3 {
		t.Errorf("%s at %d, want %s at 3", got, s.Offset(), want)
	}
	if n := len(want) - len("[]") + len(","); s.Bytes() != n {
		t.Errorf("Bytes is %d, want %d", s.Bytes(), n)
	}
}
