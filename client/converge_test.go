package client_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tuttisync/tutti"
	"github.com/tuttisync/tutti/client"
	"github.com/tuttisync/tutti/protocol"
	"github.com/tuttisync/tutti/records"
)

// TestConverge lets two clients edit the same documents at random while their
// networks are cut: in the end both show what the server has, each add counts
// once, and every mutation is settled.
func TestConverge(t *testing.T) {
	seeds := 20
	if testing.Short() {
		seeds = 5
	}
	for seed := range seeds {
		bubble(t, fmt.Sprintf("DOC-15 DOC-16 DOC-17 seed %d", seed), func(t *testing.T) {
			converge(t, rand.New(rand.NewPCG(uint64(seed), 2)))
		})
	}
}

type bag map[string]any

// editor is a client with all documents open.
type editor struct {
	client  *client.Client
	counter *client.Counter
	set     *client.Set[string]
	records *client.Records[bag]
	made    []*client.Mutation
	added   int64
}

func converge(t *testing.T, chance *rand.Rand) {
	srv, n := inMemory(t, tutti.Config{Dev: true, Ping: 5 * time.Second, Grace: 2 * time.Second})
	editors := make([]*editor, 2)
	for i := range editors {
		c := n.connect(t, client.Options{})
		editors[i] = &editor{
			client:  c,
			counter: client.OpenCounter(c, "counter:a", client.DocumentOptions{}),
			set:     client.OpenSet[string](c, "set:a", client.DocumentOptions{}),
			records: client.OpenRecords[bag](c, "records:a", client.RecordsOptions{}),
		}
	}
	roads := []string{"/v1/ws", "/v1/sse", "/v1/poll", "/v1/commands"}
	for range 200 {
		switch chance.IntN(12) {
		case 0:
			n.set(refuse, roads...)
			n.cut()
		case 1, 2:
			n.set("", roads...)
		case 3:
			time.Sleep(time.Duration(chance.IntN(3000)) * time.Millisecond)
		case 4:
			synctest.Wait()
		default:
			editors[chance.IntN(2)].edit(chance)
		}
	}
	n.set("", roads...)
	for _, e := range editors {
		e.client.Connect()
		for _, m := range e.made {
			switch _, err := m.Result(); codeOf(err) {
			case "", protocol.Missing, protocol.OverwritesUnseen, protocol.Aborted:
			default:
				t.Fatalf("a mutation of %q ended with %v", m.Keys(), err)
			}
		}
	}
	time.Sleep(time.Minute)
	synctest.Wait()
	added := editors[0].added + editors[1].added
	want := map[string]any{}
	for _, topic := range []string{"counter:a", "set:a", "records:a"} {
		value, _, err := srv.Document(t.Context(), topic)
		if err != nil {
			t.Fatal(err)
		}
		var v any
		if err := json.Unmarshal(value, &v); err != nil {
			t.Fatal(err)
		}
		want[topic] = v
	}
	if want["counter:a"] != float64(added) {
		t.Errorf("COUNTER-1: the counter is %v, and %d were added", want["counter:a"], added)
	}
	for i, e := range editors {
		if got := e.shown(t); !reflect.DeepEqual(got, want) {
			t.Errorf("client %d shows %v, the server has %v", i, got, want)
		}
	}
}

func (e *editor) edit(chance *rand.Rand) {
	key := string(rune('a' + chance.IntN(4)))
	var m *client.Mutation
	switch chance.IntN(9) {
	case 0:
		m = e.counter.Add(1).Mutation
		if !m.Cancel() {
			e.added++
		}
	case 1:
		m = e.set.Add(key).Mutation
	case 2:
		m = e.set.Remove(key).Mutation
	case 3:
		m = e.records.Set(key, bag{"n": chance.IntN(9), "order": "a0" + key}).Mutation
	case 4:
		m = e.records.Patch(key, bag{"m": chance.IntN(9)}).Mutation
	case 5:
		m = e.records.Patch(key, bag{"n": chance.IntN(9)}, client.IfUnseen(records.Reject)).Mutation
	case 6:
		m = e.records.Delete(key).Mutation
	case 7:
		m = e.records.Move(key, "").Mutation
	default:
		made, ok := e.records.Undo()
		if !ok {
			return
		}
		m = made.Mutation
	}
	e.made = append(e.made, m)
}

// shown is what the client shows, as JSON has it.
func (e *editor) shown(t *testing.T) map[string]any {
	t.Helper()
	all := map[string]bag{}
	for key, value := range e.records.All() {
		all[key] = value
	}
	raw, err := json.Marshal(map[string]any{
		"counter:a": e.counter.Value(), "set:a": append([]string{}, e.set.Values()...), "records:a": all,
	})
	var shown map[string]any
	if err == nil {
		err = json.Unmarshal(raw, &shown)
	}
	if err != nil {
		t.Fatal(err)
	}
	return shown
}
