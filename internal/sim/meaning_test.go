package sim

import (
	"fmt"
	"testing"

	"github.com/tuttisync/tutti/text"
)

// TestMeaning holds what the audit says of texts against what two have done to abc,
// of whom the second knew the first's text by its difference alone.
func TestMeaning(t *testing.T) {
	for _, c := range []struct {
		name    string
		moved   string // what the first made of it
		deleted int    // the place of what the second deleted
		end     string
		faults  int
	}{
		{"what was deleted is gone", "abc", 0, "bc", 0},
		{"what was deleted is there", "abc", 0, "abc", 1},
		{"TEXT-19 what has changed places and was deleted is gone", "bca", 0, "bc", 0},
		{"TEXT-19 what has changed places and was deleted is there", "bca", 0, "bca", 0},
		{"what was deleted beside what has changed places is gone", "bac", 2, "ba", 0},
		{"what was deleted beside what has changed places is there", "bac", 2, "bac", 1},
		{"what stands elsewhere than somebody saw it", "abc", 2, "ba", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			var m meaning
			shown := []rune(m.fresh(3))
			in := func(s string) (all []rune) {
				for _, letter := range s {
					all = append(all, shown[letter-'a'])
				}
				return all
			}
			m.mean(m.intend(), nil, text.Insert(0, string(shown)))
			m.look(shown)
			m.compare(string(shown), string(in(c.moved)))
			m.mean(m.intend(), shown, text.Delete(c.deleted, 1))
			for _, i := range m.intents {
				i.done = true
			}
			var faults []string
			m.audit(string(in(c.end)), func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) })
			if len(faults) != c.faults {
				t.Errorf("the faults are %q", faults)
			}
		})
	}
}

// TestMeaning_an_intent_goes_on when what was meant before is forgotten: what is
// added to it then counts.
func TestMeaning_an_intent_goes_on(t *testing.T) {
	var m meaning
	i := m.intend()
	before := []rune(m.fresh(1))
	m.mean(i, nil, text.Insert(0, string(before)))
	m.forget()
	m.mean(i, before, text.Insert(1, m.fresh(1)))
	i.done = true
	faults := 0
	m.audit("", func(string, ...any) { faults++ })
	if faults != 1 {
		t.Errorf("%d faults, not of the one that is not there", faults)
	}
}
