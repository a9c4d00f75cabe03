package document

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/tuttisync/tutti/text"
)

// What is to be of a text that others have changed since is what merging makes of
// both differences; and where nobody has, it is what was asked for.
func TestRewrite_TEXT_15(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		draw := func(name string) string {
			return rapid.StringOfN(rapid.SampledFrom([]rune("abé😀\n")), 0, 30, -1).Draw(t, name)
		}
		seen, now, target := draw("seen"), draw("now"), draw("target")
		rewrite := func(seen, now, target string) string {
			data, err := kind{}.Rewrite(seen, now, target)
			if err != nil {
				t.Fatal(err)
			}
			op, err := Decode(data)
			if err != nil {
				t.Fatal(err)
			}
			result, err := text.Apply(now, op)
			if err != nil {
				t.Fatal(err)
			}
			return result
		}
		if got := rewrite(seen, seen, target); got != target {
			t.Fatalf("%q of %q is %q", target, seen, got)
		}
		if got := rewrite(seen, now, seen); got != now {
			t.Fatalf("no change of %q makes %q of %q", seen, got, now)
		}
		got := rewrite(seen, now, target)
		fold := text.NewFold(seen, 0, text.Limits{})
		for i, to := range []string{now, target} {
			op, err := text.Between(seen, to)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := fold.Fold(text.Entry{Offset: uint64(i + 1), Base: 0, Client: []string{"a", "b"}[i], Op: op}); err != nil {
				t.Fatal(err)
			}
		}
		if want := fold.String(); got != want {
			t.Fatalf("%q of %q, which is %q now, is %q; merged it is %q", target, seen, now, got, want)
		}
	})
}

// Splices count code points.
func TestSplices(t *testing.T) {
	splices, err := kind{}.Splices([]byte(`[[1,2,"é😀"],[0,0,""]]`))
	if err != nil || len(splices) != 2 || splices[0].At != 1 || splices[0].Delete != 2 || splices[0].Insert != 2 || splices[1].Insert != 0 {
		t.Errorf("the splices are %+v, %v", splices, err)
	}
	if _, err := (kind{}).Splices([]byte(`{"op":"add"}`)); err == nil {
		t.Error("no operation has splices")
	}
}
