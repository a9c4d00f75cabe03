package document

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/tuttisync/tutti/doc"
	"github.com/tuttisync/tutti/protocol"
	"github.com/tuttisync/tutti/text"
)

func code(err error) protocol.Code {
	if err == nil {
		return ""
	}
	return protocol.AsError(err).Code
}

func TestDecode_TEXT1(t *testing.T) {
	for in, want := range map[string]string{
		`[]`:                               `[]`,
		`[[0,0,"a"],[1,2,""]]`:             `[[0,0,"a"],[1,2,""]]`,
		` [ [ 3 , 4 , "\ud83d\ude00" ] ] `: `[[3,4,"😀"]]`,
	} {
		op, err := Decode([]byte(in))
		if err != nil || string(Append(nil, op)) != want {
			t.Errorf("%s is %v, %v", in, op, err)
		}
	}
	for _, in := range []string{
		``, `{}`, `[[0,0]]`, `[[0,0,"a",1]]`, `[[-1,0,"a"]]`, `[[0.5,0,"a"]]`, `[[1e3,0,"a"]]`, `[[9999999999,0,"a"]]`,
		`[[0,0,null]]`, `[[0,0,"\ud83d"]]`, "[[0,0,\"\xff\"]]", `[[0,0,"a"]`, `[] []`, `["a"]`,
	} {
		if op, err := Decode([]byte(in)); code(err) != protocol.BadOperation {
			t.Errorf("%s is %v, %v", in, op, err)
		}
	}
	long := "[" + strings.Repeat(`[0,0,"a"],`, MaxSplices) + `[0,0,"a"]]`
	if _, err := Decode([]byte(long)); code(err) != protocol.LimitExceeded {
		t.Errorf("more splices than are allowed: %v", err)
	}
}

// entry is the next entry of a fold.
func next(f doc.Fold, client string, base uint64) *doc.Entry {
	return &doc.Entry{Offset: f.Offset() + 1, Client: client, Base: base}
}

func value(t *testing.T, f doc.Fold) string {
	t.Helper()
	var s string
	if err := json.Unmarshal(f.AppendValue(nil), &s); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestJudge(t *testing.T) {
	f := Kind.New()
	j := f.Judge(10)
	judge := func(e *doc.Entry, op text.Op) error {
		t.Helper()
		return j.Judge(e, op)
	}
	if err := judge(&doc.Entry{Offset: 1, Client: "ann"}, text.Insert(0, "hello")); err != nil {
		t.Fatal(err)
	}
	if value(t, f) != "" || f.Offset() != 0 {
		t.Errorf("what is tentative is read: %q at %d", value(t, f), f.Offset())
	}
	j.Commit()
	if value(t, f) != "hello" || f.Offset() != 1 {
		t.Errorf("it is %q at %d", value(t, f), f.Offset())
	}
	e := next(f, "bob", 0) // he has seen nothing
	if err := judge(e, text.Insert(0, "!")); err != nil || string(e.Effect) != `[[5,0,"!"]]` {
		t.Errorf("its effect is %s, %v", e.Effect, err)
	}
	j.Drop()
	if value(t, f) != "hello" || f.Offset() != 1 {
		t.Errorf("after what was dropped it is %q at %d", value(t, f), f.Offset())
	}
	for _, c := range []struct {
		op   text.Op
		code protocol.Code
	}{
		{text.Insert(6, "!"), protocol.BadOperation},
		{text.Insert(5, " world"), protocol.LimitExceeded}, // 11 bytes
		{text.Insert(5, " wor"), ""},
		{text.Delete(0, 1), ""},
	} {
		e := &doc.Entry{Offset: 2, Client: "ann", Base: 1}
		if err := judge(e, c.op); code(err) != c.code || e.Effect != nil {
			t.Errorf("%v: %v, effect %s", c.op, err, e.Effect)
		}
		j.Drop()
	}
}

// A client that never sees what others write must see it in the end: what its
// operations move is more than it may owe.
func TestJudge_TEXT12_debt(t *testing.T) {
	f := Kind.New()
	j := f.Judge(0)
	offset := uint64(0)
	put := func(client string, base uint64, op text.Op) error {
		err := j.Judge(&doc.Entry{Offset: offset + 1, Client: client, Base: base}, op)
		if err == nil {
			j.Commit()
			offset++
		}
		return err
	}
	if err := put("ann", 0, text.Insert(0, strings.Repeat("x", 20_000))); err != nil {
		t.Fatal(err)
	}
	refused := false
	for range 20 {
		err := put("bob", 0, text.Insert(0, "b"))
		if code(err) == protocol.RebaseRequired {
			refused = true
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := put("ann", offset, text.Insert(0, "a")); err != nil {
			t.Fatal(err)
		}
	}
	if !refused {
		t.Error("nobody was asked to rebase")
	}
	if err := put("bob", offset, text.Insert(0, "b")); err != nil {
		t.Errorf("having seen all: %v", err)
	}
}

func TestSnapshot(t *testing.T) {
	f := Kind.New()
	for i, op := range []text.Op{text.Insert(0, "hello 😀"), text.Delete(1, 2), text.Insert(0, "\n")} {
		if err := f.Fold(&doc.Entry{Offset: uint64(i + 2), Client: []string{"ann", ""}[i%2], Base: uint64(i)}, op); err != nil && i != 1 {
			t.Fatal(err)
		}
	}
	f.Skip(9)
	data := f.AppendSnapshot(nil)
	back, err := Kind.Load(9, data)
	if err != nil || value(t, back) != value(t, f) || string(back.AppendSnapshot(nil)) != string(data) {
		t.Fatalf("%s is read as %v, %v", data, back, err)
	}
	for _, in := range []string{
		``, `[]`, `{"text":1}`, `{"text":"a","bar":0,"length":0,"log":[]}`, `{"text":"a","bar":0,"length":1,"log":[{"op":[[5,0,"x"]],"base":0}]}`,
		`{"text":"","bar":9,"length":0,"log":[null]}`, `{"text":"","bar":8,"length":0,"log":[{"base":8,"op":{}}]}`,
	} {
		if _, err := Kind.Load(9, []byte(in)); code(err) != protocol.BadMessage {
			t.Errorf("%s: %v", in, err)
		}
	}
}

// FuzzLoad gives snapshots that may be anything: what is read is written the same
// again, and goes on.
func FuzzLoad(f *testing.F) {
	f.Add([]byte(`{"text":"ab","bar":3,"length":1,"log":[{"client":"ann","base":3,"op":[[1,0,"b"]]},null]}`))
	f.Add([]byte(`{"text":"","bar":0,"length":0,"log":[]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := DecodeSnapshot(data)
		if err != nil {
			return
		}
		fold, err := Kind.Load(s.Offset(), data)
		if err != nil {
			if !errors.Is(err, protocol.Errorf(protocol.BadMessage, "")) {
				t.Fatal(err)
			}
			return
		}
		again := fold.AppendSnapshot(nil)
		other, err := Kind.Load(s.Offset(), again)
		if err != nil || string(other.AppendSnapshot(nil)) != string(again) {
			t.Fatalf("%s is written as %s, %v", data, again, err)
		}
		if err := fold.Fold(next(fold, "bob", fold.Offset()), text.Insert(0, "x")); err != nil {
			t.Fatal(fmt.Errorf("going on: %w", err))
		}
	})
}
