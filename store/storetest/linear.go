package storetest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
)

// linearInput is a call to one topic: an append of value after an offset, or a
// read of the whole log.
type linearInput struct {
	topic  int
	append bool
	after  uint64
	value  string
}

// linearOutput is its outcome: whether the append was taken, or what was read.
type linearOutput struct {
	ok     bool
	values []string
}

// linearModel is one topic as a list of values.
var linearModel = porcupine.Model{
	Partition: func(history []porcupine.Operation) [][]porcupine.Operation {
		byTopic := make(map[int][]porcupine.Operation)
		for _, op := range history {
			topic := op.Input.(linearInput).topic
			byTopic[topic] = append(byTopic[topic], op)
		}
		var parts [][]porcupine.Operation
		for _, part := range byTopic {
			parts = append(parts, part)
		}
		return parts
	},
	Init: func() any { return []string(nil) },
	Step: func(state, input, output any) (bool, any) {
		values, in, out := state.([]string), input.(linearInput), output.(linearOutput)
		if !in.append {
			return slices.Equal(values, out.values), values
		}
		if fits := in.after == uint64(len(values)); fits != out.ok {
			return false, values
		}
		if out.ok {
			values = append(slices.Clip(values), in.value)
		}
		return true, values
	},
	Equal: func(a, b any) bool { return slices.Equal(a.([]string), b.([]string)) },
	DescribeOperation: func(input, output any) string {
		in, out := input.(linearInput), output.(linearOutput)
		if !in.append {
			return fmt.Sprintf("read %d: %v", in.topic, out.values)
		}
		return fmt.Sprintf("append %d after %d: %v", in.topic, in.after, out.ok)
	},
}

// testLinearizable has many clients append and read at a time, and asks
// porcupine whether some order of the calls explains what each was told.
func testLinearizable(t *testing.T, b Backend) {
	log := open(t, b.New(t))
	const clients, calls, topics = 8, 40, 3
	rng := random(t)
	var mu sync.Mutex // guards history
	var history []porcupine.Operation
	begin := time.Now()
	var tasks sync.WaitGroup
	for client := range clients {
		rng := rand.New(rand.NewPCG(rng.Uint64(), 0))
		tasks.Go(func() {
			var known [topics]uint64
			for call := range calls {
				in := linearInput{topic: rng.IntN(topics), append: rng.IntN(3) > 0}
				var out linearOutput
				topic := fmt.Sprintf("t%d", in.topic)
				called := time.Since(begin)
				if in.append {
					in.after = known[in.topic]
					in.value = fmt.Sprintf("%d/%d", client, call)
					err := log.Append(t.Context(), topic, batch(in.after, in.value))
					out.ok = err == nil
					if err != nil && !isConflict(err) {
						t.Errorf("append: %v", err)
						return
					}
					if out.ok {
						known[in.topic]++
					}
				} else {
					entries, err := log.Read(t.Context(), topic, 0, clients*calls, 1<<20)
					if err != nil {
						t.Errorf("read: %v", err)
						return
					}
					for _, e := range entries {
						out.values = append(out.values, string(e.Data))
					}
					known[in.topic] = uint64(len(entries))
				}
				returned := time.Since(begin)
				mu.Lock()
				history = append(history, porcupine.Operation{ClientId: client, Input: in, Call: int64(called), Output: out, Return: int64(returned)})
				mu.Unlock()
			}
		})
	}
	tasks.Wait()
	taken := 0
	for _, op := range history {
		if op.Output.(linearOutput).ok {
			taken++
		}
	}
	if taken < clients*calls/10 {
		t.Errorf("of %d calls only %d wrote: too few to tell anything", clients*calls, taken)
	}
	if result := porcupine.CheckOperationsTimeout(linearModel, history, time.Minute); result != porcupine.Ok {
		t.Errorf("appends and reads are not linearizable: %s", result)
	}
}
