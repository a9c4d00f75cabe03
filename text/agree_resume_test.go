package text

import (
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
)

// agreedResume is what was kept of a session, and the session that goes on from it.
type agreedResume struct {
	Client   string          `json:"client"`
	Snapshot *agreedSnapshot `json:"snapshot,omitzero"` // none: it was never opened
	Entries  []agreedEntry   `json:"entries"`
	Pending  []agreedPending `json:"pending"`

	Text  string          `json:"text"`
	Left  []agreedPending `json:"left"`
	Unfit []uint64        `json:"unfit"`
}

func agreedPendings(pending []Pending) []agreedPending {
	all := []agreedPending{}
	for _, p := range pending {
		all = append(all, agreedPending{p.Key, p.Base, listed(p.Op), p.Acknowledged})
	}
	return all
}

func (a *agreedResume) kept() Kept {
	k := Kept{Client: a.Client}
	if a.Snapshot != nil {
		s := a.Snapshot.snapshot()
		k.Snapshot = &s
	}
	for _, e := range a.Entries {
		k.Entries = append(k.Entries, Entry{e.Offset, e.Client, e.Base, e.After, e.Op})
	}
	for _, p := range a.Pending {
		k.Pending = append(k.Pending, Pending(p))
	}
	return k
}

func agreedResumeOf(t *testing.T, k Kept) agreedResume {
	t.Helper()
	a := agreedResume{Client: k.Client, Entries: []agreedEntry{}, Pending: agreedPendings(k.Pending)}
	if k.Snapshot != nil {
		s := agreedOf(*k.Snapshot)
		a.Snapshot = &s
	}
	for _, e := range k.Entries {
		a.Entries = append(a.Entries, agreedEntry{e.Offset, e.Client, e.Base, e.After, listed(e.Op), nil})
	}
	s, unfit, err := Resume(a.kept())
	if err != nil {
		t.Fatal(err)
	}
	a.Text, a.Left, a.Unfit = s.String(), agreedPendings(s.Pending()), append([]uint64{}, unfit...)
	return a
}

// keptStates are what a writer may have kept: what it has, and, as if it had kept
// that later, the newest snapshot with what that does not hold.
func keptStates(w *writer) []Kept {
	own := w.kept
	own.Client, own.Pending = w.name, w.Pending()
	newest := w.desk.fold.Snapshot()
	later := Kept{Client: w.name, Snapshot: &newest}
	for _, p := range w.Pending() {
		if w.desk.accepted[w.name][w.seqs[p.Key]] == 0 {
			later.Pending = append(later.Pending, p)
		}
	}
	return []Kept{own, later}
}

// TestAgree_resumed holds sessions together that go on from what was kept.
func TestAgree_resumed(t *testing.T) {
	vectors := vectorsOf(t, "resumed.json", func() (all []agreedResume) {
		for seed := range uint64(24) {
			d := newDesk(t, rand.New(rand.NewPCG(seed, 19)), 3)
			for range 3 {
				d.work(40)
				for _, k := range keptStates(d.writers[seed%3]) {
					if len(k.Pending) > 0 {
						all = append(all, agreedResumeOf(t, k))
					}
				}
			}
		}
		return all
	})
	older := 0
	for i, a := range vectors {
		if got := agreedResumeOf(t, a.kept()); !reflect.DeepEqual(got, a) {
			t.Errorf("session %d is %+v, want %+v", i, got, a)
		}
		if a.Snapshot != nil && slices.ContainsFunc(a.Left, func(p agreedPending) bool { return p.Base < a.Snapshot.Bar+uint64(len(a.Snapshot.Log)) }) {
			older++
		}
	}
	if older < 10 {
		t.Errorf("in %d of %d something is older than the snapshot", older, len(vectors))
	}
}
