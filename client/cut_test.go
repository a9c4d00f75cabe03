package client

import (
	"slices"
	"strings"
	"testing"

	"github.com/tuttisync/tutti/text"
	"github.com/tuttisync/tutti/text/document"
)

func TestCut(t *testing.T) {
	var many text.Op
	for i := range 2500 {
		many = append(many, text.Splice{At: i, Insert: "x"})
	}
	for name, c := range map[string]struct {
		op    text.Op
		parts int
	}{
		"one splice":           {text.Op{{At: 3, Delete: 2, Insert: "x"}}, 1},
		"text of all sizes":    {text.Op{{At: 3, Delete: 2, Insert: strings.Repeat("aé\"\n€𝕏", 400)}}, 8},
		"much that is deleted": {text.Op{{At: 10, Delete: 4000, Insert: "x"}}, 16},
		"many splices":         {many, 65},
	} {
		t.Run("TEXT-18 "+name, func(t *testing.T) {
			const most = 1024
			whole := strings.Repeat("0123456789", 500)
			want, err := text.Apply(whole, c.op)
			if err != nil {
				t.Fatal(err)
			}
			parts := cut(c.op, most)
			if len(parts) != c.parts {
				t.Errorf("they are %d", len(parts))
			}
			for _, op := range parts {
				deleted := 0
				for _, s := range op {
					deleted += s.Delete
				}
				if n := len(document.Append(nil, op)); n > most+len("[],") || deleted > most/2 {
					t.Errorf("a part of %d bytes deletes %d", n, deleted)
				}
				if whole, err = text.Apply(whole, op); err != nil {
					t.Fatal(err)
				}
			}
			if whole != want {
				t.Error("the parts do not make what the whole does")
			}
		})
	}
	t.Run("TEXT-18 a thousand splices are one operation, and no more", func(t *testing.T) {
		op := slices.Repeat(text.Insert(0, "x"), 1500)
		if parts := cut(op, 1<<20); len(parts) != 2 || len(parts[0]) != 1000 {
			t.Errorf("they are %d, the first of %d", len(parts), len(parts[0]))
		}
	})
}
