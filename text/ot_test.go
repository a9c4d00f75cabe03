package text

import (
	"encoding/json"
	"os"
	"testing"
)

// TestTransform_as_ot compares with what ot-text-unicode makes of concurrent
// operations. No code point occurs twice in their texts, so two operations that
// make the same text have done the same.
func TestTransform_as_ot(t *testing.T) {
	data, err := os.ReadFile("../conformance/text/ot.json")
	if err != nil {
		t.Fatal(err)
	}
	var pairs []struct {
		Text, Ab          string
		A, B, Left, Right Op
	}
	if err := json.Unmarshal(data, &pairs); err != nil {
		t.Fatal(err)
	}
	if len(pairs) < 300 {
		t.Fatalf("there are %d pairs", len(pairs))
	}
	for _, p := range pairs {
		for _, c := range []struct {
			op, against Op
			side        Side
			want        Op
		}{{p.A, p.B, Left, p.Left}, {p.B, p.A, Right, p.Right}} {
			got, err := Transform(c.op, c.against, c.side)
			if err != nil {
				t.Fatal(err)
			}
			there, err := Apply(p.Text, c.against)
			if err != nil {
				t.Fatal(err)
			}
			for _, op := range []Op{got, c.want} {
				if text, err := Apply(there, op); err != nil || text != p.Ab {
					t.Errorf("%v against %v is %v, want what %v does: it makes %q of %q, %v, want %q", c.op, c.against, got, c.want, text, there, err, p.Ab)
				}
			}
		}
	}
}
