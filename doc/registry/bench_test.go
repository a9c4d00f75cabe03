package registry_test

import (
	"fmt"
	"strconv"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/tuttisync/tutti/doc"
	"github.com/tuttisync/tutti/doc/registry"
	"github.com/tuttisync/tutti/protocol"
)

// usual are operations as applications send them, on a thousand keys.
func usual(typ string, i int) jsontext.Value {
	key := i * 7919 % 1000
	switch typ {
	case "counter":
		return jsontext.Value(fmt.Sprintf(`{"op":"add","n":%d}`, i%5+1))
	case "set":
		op := "add"
		if i%3 == 2 {
			op = "remove"
		}
		return jsontext.Value(fmt.Sprintf(`{"op":%q,"values":["element %d"]}`, op, key))
	}
	if i < 1000 {
		return jsontext.Value(fmt.Sprintf(`{"op":"set","key":"record %d","value":{"title":"something to do","done":false,"order":"a0V1x","tags":["a","b"]}}`, key))
	}
	return jsontext.Value(fmt.Sprintf(`{"op":"patch","key":"record %d","set":{"done":%t}}`, key, i%2 == 0))
}

func usualOps(b *testing.B, typ doc.Type) (ops []doc.Op, entries []doc.Entry) {
	b.Helper()
	for i := range 4000 {
		op, err := typ.Decode(usual(typ.Name(), i))
		if err != nil {
			b.Fatal(err)
		}
		ops = append(ops, op)
		entries = append(entries, doc.Entry{Offset: uint64(i) + 1, Client: "client " + strconv.Itoa(i%50), Base: uint64(i)})
	}
	return ops, entries
}

func BenchmarkDecode(b *testing.B) {
	for _, name := range []string{"counter", "set", "records"} {
		typ, data := registry.Lookup(name), usual(name, 1001)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := typ.Decode(data); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkFold folds one operation into a document of a thousand keys.
func BenchmarkFold(b *testing.B) {
	for _, name := range []string{"counter", "set", "records"} {
		b.Run(name, func(b *testing.B) {
			typ := registry.Lookup(name)
			ops, entries := usualOps(b, typ)
			s := doc.New(typ)
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				e := entries[i]
				if err := s.Fold(&e, ops[i]); err != nil {
					b.Fatal(err)
				}
				if i++; i == len(ops) {
					i = 1000
				}
			}
		})
	}
}

// BenchmarkJudge judges and commits operations, 50 at once, with a bound.
func BenchmarkJudge(b *testing.B) {
	for _, name := range []string{"counter", "set", "records"} {
		b.Run(name, func(b *testing.B) {
			typ := registry.Lookup(name)
			ops, entries := usualOps(b, typ)
			s := doc.New(typ)
			d := s.Draft(4 << 20)
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				e := entries[i]
				if err := d.Judge(&e, ops[i]); err != nil {
					b.Fatal(err)
				}
				if i++; i == len(ops) {
					i = 1000
				}
				if i%50 == 0 {
					d.Commit()
				}
			}
		})
	}
}

// BenchmarkReplica lets 1,000 remote changes, each alone, come to a client with
// 1,000 pending operations on 10,000 records.
func BenchmarkReplica(b *testing.B) {
	typ := registry.Lookup("records")
	cells := []byte{'['}
	for i := range 10_000 {
		cells = fmt.Appendf(cells, `["r%d",{"fields":{"title":"t","done":false},"at":1}],`, i)
	}
	cells[len(cells)-1] = ']'
	var changes []*protocol.Entry
	base := uint64(1)
	for i := range 1000 {
		changes = append(changes, &protocol.Entry{
			Offset: uint64(i) + 2, Client: "bob", Seq: uint64(i) + 1, Base: &base,
			Data: jsontext.Value(fmt.Sprintf(`{"op":"patch","key":"r%d","set":{"title":"by bob"}}`, i*10)),
		})
	}
	for _, shape := range []struct {
		name string
		key  func(i int) int
	}{
		{"on own records", func(i int) int { return i*10 + 1 }},
		{"on the same records", func(i int) int { return i * 10 }},
	} {
		b.Run(shape.name, func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				r := doc.NewReplica(typ)
				r.Identify("ann")
				if _, err := r.Snapshot(&protocol.Snapshot{Offset: 1, Cells: cells}, true); err != nil {
					b.Fatal(err)
				}
				for i := range 1000 {
					op, err := typ.Decode(jsontext.Value(fmt.Sprintf(`{"op":"patch","key":"r%d","set":{"done":true}}`, shape.key(i))))
					if err != nil {
						b.Fatal(err)
					}
					r.Mutate(uint64(i)+1, op)
				}
				b.StartTimer()
				for i := range changes {
					if change := r.Entries(changes[i : i+1]); len(change.Keys) != 1 {
						b.Fatal(change)
					}
				}
			}
		})
	}
}

// BenchmarkSnapshot writes and reads a document of 10,000 keys.
func BenchmarkSnapshot(b *testing.B) {
	for _, name := range []string{"set", "records"} {
		typ := registry.Lookup(name)
		s := doc.New(typ)
		for i := range 10_000 {
			data := fmt.Sprintf(`{"op":"add","values":["element %d"]}`, i)
			if name == "records" {
				data = fmt.Sprintf(`{"op":"set","key":"record %d","value":{"title":"something to do","done":false,"order":"a0V1x","tags":["a","b"]}}`, i)
			}
			op, err := typ.Decode([]byte(data))
			if err != nil {
				b.Fatal(err)
			}
			if err := s.Fold(&doc.Entry{Offset: uint64(i) + 1, Client: "0123456789abcdefghijkl"}, op); err != nil {
				b.Fatal(err)
			}
		}
		cells := s.AppendCells(nil)
		b.Run(name+"/write", func(b *testing.B) {
			b.SetBytes(int64(len(cells)))
			for b.Loop() {
				s.AppendCells(nil)
			}
		})
		b.Run(name+"/read", func(b *testing.B) {
			b.SetBytes(int64(len(cells)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := doc.Load(typ, s.Offset(), cells); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
