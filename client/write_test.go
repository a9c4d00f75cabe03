package client_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tuttisync/tutti"
	"github.com/tuttisync/tutti/client"
	"github.com/tuttisync/tutti/protocol"
	"github.com/tuttisync/tutti/store/memory"
	"github.com/tuttisync/tutti/text"
)

// TestWrite lets several clients write one text at random, over networks that cut
// and lose, with a hook that rejects and a server that is started anew: in the end
// all show what the server has, as their changes tell it, and of each mutation it
// is known what became of it.
func TestWrite(t *testing.T) {
	seeds := 24
	if testing.Short() {
		seeds = 6
	}
	for seed := range seeds {
		bubble(t, fmt.Sprintf("DOC-15 DOC-17 DOC-32 TEXT-5 seed %d", seed), func(t *testing.T) {
			write(t, rand.New(rand.NewPCG(uint64(seed), 3)))
		})
	}
}

// author is a client that writes.
type author struct {
	*client.Client
	text  *client.Text
	shown *string
	made  []*client.Mutation
}

func write(t *testing.T, chance *rand.Rand) {
	log := memory.New()
	config := tutti.Config{
		Dev: true, Store: log, Ping: 5 * time.Second, Grace: 2 * time.Second,
		OnPublish: func(_ context.Context, _ tutti.Identity, m *tutti.Message) error {
			if strings.Contains(string(m.Data.(json.RawMessage)), "ñ") {
				return tutti.Reject("No.")
			}
			return nil
		},
	}
	srv, n := inMemory(t, config)
	authors := make([]*author, 3)
	for i := range authors {
		a := &author{Client: n.connect(t, client.Options{})}
		a.text = client.OpenText(a.Client, "text:a", client.DocumentOptions{})
		a.shown = mirror(t, a.text)
		authors[i] = a
	}
	for i := range 300 {
		switch chance.IntN(16) {
		case 0:
			n.set(refuse, everyRoad...)
			n.cut()
		case 1, 2, 3:
			n.set("", everyRoad...)
		case 4:
			n.set(lose, "/v1/commands")
		case 5:
			n.cut()
		case 6, 7:
			time.Sleep(time.Duration(chance.IntN(3000)) * time.Millisecond)
		case 8:
			synctest.Wait()
		default:
			authors[chance.IntN(len(authors))].write(chance, i)
		}
		if i == 150 {
			srv = n.serveAnew(t, config)
		}
	}
	n.set("", everyRoad...)
	for _, a := range authors {
		a.Connect()
	}
	synctest.Wait()
	for _, a := range authors {
		for _, m := range a.made {
			switch _, err := m.Result(); codeOf(err) {
			case "", protocol.Rejected, protocol.Aborted:
			default:
				t.Fatalf("a mutation ended with %v", err)
			}
		}
	}
	time.Sleep(time.Minute)
	synctest.Wait()
	value, _, err := srv.Document(t.Context(), "text:a")
	var want string
	if err == nil {
		err = json.Unmarshal(value, &want)
	}
	if err != nil {
		t.Fatal(err)
	}
	if want == "" || strings.Contains(want, "ñ") {
		t.Errorf("the server has %q", want)
	}
	for i, a := range authors {
		if a.text.Value() != want || *a.shown != want {
			t.Errorf("client %d shows %q, told as %q, and the server has %q", i, a.text.Value(), *a.shown, want)
		}
		if left := a.text.Pending(""); len(left) > 0 {
			t.Errorf("client %d has %d pending", i, len(left))
		}
	}
}

func (a *author) write(chance *rand.Rand, step int) {
	length := a.text.Len()
	at := chance.IntN(length + 1)
	switch chance.IntN(9) {
	case 0:
		a.made = append(a.made, a.text.Undo()...)
	case 1:
		a.made = append(a.made, a.text.Redo()...)
	case 2:
		a.made = append(a.made, a.text.Delete(at, min(chance.IntN(4), length-at)))
	case 3:
		a.made = append(a.made, a.text.Insert(at, "ñ"))
	case 4:
		m := a.text.Insert(at, "gone")
		m.Cancel()
		a.made = append(a.made, m)
	case 5:
		a.made = append(a.made, a.text.Edit(text.Op{{At: 0, Insert: "<"}, {At: at + 1, Delete: min(1, length-at), Insert: "é🙂"}}))
	default:
		a.made = append(a.made, a.text.Insert(at, fmt.Sprintf("[%d]", step)))
	}
}
