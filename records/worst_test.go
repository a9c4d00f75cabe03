package records_test

import (
	"fmt"
	"testing"

	"github.com/tuttisync/tutti/doc"
	"github.com/tuttisync/tutti/records"
)

// BenchmarkWorst judges what costs most for its length: a batch that writes to
// one large record again and again.
func BenchmarkWorst(b *testing.B) {
	set := `{"op":"set","key":"a","value":{"f0":0`
	for i := 1; i < records.MaxFields; i++ {
		set += fmt.Sprintf(`,"f%d":0`, i)
	}
	batch := `{"op":"batch","ops":[`
	for i := range records.MaxOps {
		batch += fmt.Sprintf(`{"op":"patch","key":"a","set":{"f%d":1},"if":[{"unchangedSince":9}]},`, i*2)
	}
	s := doc.New(records.Type)
	decode := func(data string) doc.Op {
		op, err := records.Type.Decode([]byte(data))
		if err != nil {
			b.Fatal(err)
		}
		return op
	}
	if err := s.Fold(&doc.Entry{Offset: 1}, decode(set+`}}`)); err != nil {
		b.Fatal(err)
	}
	batch = batch[:len(batch)-1] + `]}`
	op := decode(batch)
	b.Run("decode", func(b *testing.B) {
		b.SetBytes(int64(len(batch)))
		for b.Loop() {
			decode(batch)
		}
	})
	b.Run("judge", func(b *testing.B) {
		b.SetBytes(int64(len(batch)))
		b.ReportAllocs()
		d := s.Draft(4 << 20)
		for b.Loop() {
			if err := d.Judge(&doc.Entry{Offset: 2, Base: 1}, op); err != nil {
				b.Fatal(err)
			}
			d.Drop()
		}
	})
}
