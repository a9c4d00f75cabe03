package client_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/tuttisync/tutti/internal/naive"
	"github.com/tuttisync/tutti/text"
)

// drawRecorded makes the history of a log that some agents write, each behind the
// others by as much as it likes, in an order of its own. Nothing is deleted: what
// stands where depends on the names of those who insert at one place.
func drawRecorded(random *rand.Rand, agents, txns int) *recorded {
	n := naive.NewLog()
	log, last, bases := []recordedTxn(nil), make([]int, agents), make([]int, agents)
	for i := range last {
		last[i] = -1
	}
	for i := range txns {
		agent := random.IntN(agents)
		if random.IntN(3) == 0 {
			bases[agent] += random.IntN(i - bases[agent] + 1)
		}
		base, name := bases[agent], fmt.Sprint("agent", agent)
		at := random.IntN(len([]rune(n.Seen(name, uint64(base)))) + 1)
		op := text.Insert(at, string(rune('a'+agent)))
		n.Fold(name, naive.Op(op), uint64(base))
		parents := []int{}
		for j := range base {
			parents = append(parents, j)
		}
		if last[agent] >= base {
			parents = append(parents, last[agent])
		}
		log, last[agent] = append(log, recordedTxn{parents, agent, op}), i
	}
	return shuffled(random, &recorded{Kind: "concurrent", NumAgents: agents, Txns: log})
}

// shuffled is the history in another order, in which each still stands behind those
// that it follows.
func shuffled(random *rand.Rand, x *recorded) *recorded {
	place := make([]int, len(x.Txns))
	for i := range place {
		place[i] = -1
	}
	y := *x
	for y.Txns = nil; len(y.Txns) < len(x.Txns); {
		i := random.IntN(len(x.Txns))
		if ready := !slices.ContainsFunc(x.Txns[i].Parents, func(p int) bool { return place[p] < 0 }); place[i] >= 0 || !ready {
			continue
		}
		txn := x.Txns[i]
		txn.Parents = slices.Clone(txn.Parents)
		for k, p := range txn.Parents {
			txn.Parents[k] = place[p]
		}
		place[i] = len(y.Txns)
		y.Txns = append(y.Txns, txn)
	}
	return &y
}

// TestTrace_drawn plays histories of more agents than those that were recorded had,
// some of whom insert at one place.
func TestTrace_drawn(t *testing.T) {
	for seed := range 4 {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			x := drawRecorded(rand.New(rand.NewPCG(uint64(seed), 22)), 2+seed, 200)
			s := arrange(x.Txns)
			if len(s.notes) < 200 {
				t.Fatalf("%d transactions can be played", len(s.notes))
			}
			play(t, x, s, func(b *band) string {
				n := naive.NewLog()
				for i, note := range s.notes {
					n.Fold(b.log[i].Client, naive.Op(x.Txns[note.txn].Patches), uint64(note.base))
				}
				return n.String()
			})
		})
	}
}
