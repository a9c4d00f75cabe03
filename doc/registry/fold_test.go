package registry_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/tuttisync/tutti/doc"
	"github.com/tuttisync/tutti/protocol"
)

// TestFold sees that a log makes the same document however it is folded: in one
// go, from a snapshot at any place, in drafts of any length, and with what was
// judged and dropped between.
func TestFold(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		typ := lookup(t)
		log := drawLog(t, typ)
		whole := doc.New(typ)
		for _, l := range log {
			if err := whole.Fold(&l.entry, l.op); err != nil {
				t.Fatalf("offset %d, %s: %v", l.entry.Offset, l.data, err)
			}
		}
		want := string(whole.AppendCells(nil))

		at := rapid.IntRange(0, len(log)).Draw(t, "snapshot")
		prefix := doc.New(typ)
		for _, l := range log[:at] {
			fold(t, prefix, l)
		}
		tail, err := doc.Load(typ, prefix.Offset(), prefix.AppendCells(nil))
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range log[at:] {
			fold(t, tail, l)
		}
		agree(t, "snapshot and tail", tail, whole, want)

		drafted := doc.New(typ)
		d := drafted.Draft(0)
		for i := 0; i < len(log); {
			n := rapid.IntRange(1, len(log)-i).Draw(t, "batch")
			before := string(drafted.AppendCells(nil))
			judge(t, d, log[i:i+n])
			if string(drafted.AppendCells(nil)) != before {
				t.Fatal("what is judged shows before it is committed")
			}
			if rapid.Bool().Draw(t, "drop") {
				d.Drop()
				if string(drafted.AppendCells(nil)) != before || drafted.Offset() != uint64(i) {
					t.Fatal("what was dropped shows")
				}
				judge(t, d, log[i:i+n])
			}
			d.Commit()
			i += n
		}
		agree(t, "drafts", drafted, whole, want)
	})
}

func fold(t *rapid.T, s *doc.State, l logged) {
	if err := s.Fold(&l.entry, l.op); err != nil {
		t.Fatalf("offset %d, %s: %v", l.entry.Offset, l.data, err)
	}
}

func judge(t *rapid.T, d *doc.Draft, log []logged) {
	for _, l := range log {
		if err := d.Judge(&l.entry, l.op); err != nil {
			t.Fatalf("offset %d, %s: %v", l.entry.Offset, l.data, err)
		}
	}
}

func agree(t *rapid.T, way string, got, whole *doc.State, want string) {
	if cells := string(got.AppendCells(nil)); cells != want || got.Bytes() != whole.Bytes() || got.Offset() != whole.Offset() {
		t.Fatalf("%s: %s at %d with %d bytes\nwant %s at %d with %d bytes", way, cells, got.Offset(), got.Bytes(), want, whole.Offset(), whole.Bytes())
	}
	if n := len(want) - len("[]"); got.Bytes() != n && got.Bytes() != n+1 {
		t.Fatalf("%s: Bytes is %d, the cells have %d", way, got.Bytes(), n)
	}
}

// TestDraftLimit sees that what makes a document too long is refused without
// effect, and what makes it shorter is not.
func TestDraftLimit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		typ := lookup(t)
		bound := rapid.IntRange(1, 200).Draw(t, "bytes")
		s := doc.New(typ)
		for range rapid.IntRange(0, 5).Draw(t, "before there was a bound") {
			if op, err := typ.Decode(drawOp(t, typ.Name(), "op")); err == nil {
				_ = s.Fold(&doc.Entry{Offset: s.Offset() + 1, Base: s.Offset()}, op)
			}
		}
		d := s.Draft(bound)
		for range 8 {
			op, err := typ.Decode(drawOp(t, typ.Name(), "op"))
			if err != nil {
				t.Fatal(err)
			}
			e := &doc.Entry{Offset: s.Offset() + 1, Base: s.Offset()}
			before, was := string(s.AppendCells(nil)), s.Bytes()
			err = d.Judge(e, op)
			d.Commit()
			switch code := protocol.Errorf(protocol.LimitExceeded, ""); {
			case err == nil && s.Bytes() > bound && s.Bytes() > was:
				t.Fatalf("DOC-7: grew from %d to %d bytes, with a bound of %d", was, s.Bytes(), bound)
			case err != nil && string(s.AppendCells(nil)) != before:
				t.Fatalf("DOC-7: refused, and not as it was")
			case code.Is(err):
				free, loadErr := doc.Load(typ, s.Offset(), []byte(before))
				if loadErr != nil {
					t.Fatal(loadErr)
				}
				if foldErr := free.Fold(e, op); foldErr != nil || free.Bytes() <= bound {
					t.Fatalf("DOC-7: refused, and would come to %d bytes, %v", free.Bytes(), foldErr)
				}
			}
		}
	})
}
