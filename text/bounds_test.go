package text

import "testing"

// agreedBound is an update that a replica which has a text, if that is not empty,
// takes, or does not.
type agreedBound struct {
	Text   string `json:"text"`
	Update []byte `json:"update"`
	Code   Code   `json:"code,omitempty"`
}

// merged is the code of the error that a bound's update comes to.
func (b agreedBound) merged(t *testing.T) Code {
	t.Helper()
	r := New("dan")
	if err := r.Insert(0, b.Text); err != nil {
		t.Fatal(err)
	}
	_, err := r.Merge(b.Update)
	return CodeOf(err)
}

// TestAgree_TEXT11_bounds holds together which updates are refused for their
// branches: of those that differ in how often these meet, the first one, and not
// the one before.
func TestAgree_TEXT11_bounds(t *testing.T) {
	const letters = 600
	for i, b := range vectorsOf(t, "bounds.json", func() (all []agreedBound) {
		for _, text := range []string{"", "hello"} {
			bound := func(times int) agreedBound {
				h := tangled(letters, times)
				b := agreedBound{Text: text, Update: h.appendUpdate(nil, []span{{0, h.end}})}
				b.Code = b.merged(t)
				return b
			}
			low, high := 0, 4000
			for low+1 < high {
				if middle := (low + high) / 2; bound(middle).Code == "" {
					low = middle
				} else {
					high = middle
				}
			}
			all = append(all, bound(low), bound(high))
		}
		return all
	}) {
		if code := b.merged(t); code != b.Code {
			t.Errorf("bound %d: the code is %q, want %q", i, code, b.Code)
		}
	}
}
