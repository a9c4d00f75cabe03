package client_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tuttisync/tutti"
	"github.com/tuttisync/tutti/client"
)

// lived is a life with all kinds of topics open.
type lived struct {
	*life
	likes *client.Counter
	tasks *client.Records[bag]
	note  *client.Text
}

func (d *device) live() *lived {
	l := &lived{life: d.start(client.Options{})}
	offline := client.DocumentOptions{Offline: true}
	l.likes = client.OpenCounter(l.Client, "counter:a", offline)
	l.tasks = client.OpenRecords[bag](l.Client, "records:a", client.RecordsOptions{DocumentOptions: offline})
	l.note = client.OpenText(l.Client, "text:a", offline)
	return l
}

// shown is what the life shows.
func (l *lived) shown() []any {
	return []any{l.likes.Value(), maps.Collect(l.tasks.All()), l.note.Value()}
}

// make makes an entry of some kind with a word in it, and returns the topic.
func (l *lived) make(word string, chance *rand.Rand) (topic string) {
	l.likes.Add(1)
	switch chance.IntN(4) {
	case 0:
		l.say(word)
		return "chat:a"
	case 1:
		l.tasks.Set(string(rune('a'+chance.IntN(4))), bag{"by": word})
		return "records:a"
	case 2:
		at := chance.IntN(l.note.Len() + 1)
		l.note.Replace(at, min(chance.IntN(3), l.note.Len()-at), word)
	default:
		l.note.Insert(l.note.Len(), word) // as typed in one go
	}
	return "text:a"
}

// TestLives cuts and kills clients on two devices at random: nothing that was stored
// is lost, and nothing is done twice.
func TestLives(t *testing.T) {
	seeds := 40
	if testing.Short() {
		seeds = 8
	}
	for seed := range seeds {
		bubble(t, fmt.Sprintf("OUT-1 OUT-4 COPY-1 COPY-2 seed %d", seed), func(t *testing.T) {
			lives(t, rand.New(rand.NewPCG(uint64(seed), 22)), false)
		})
		bubble(t, fmt.Sprintf("OUT-10 the disk is full at times, seed %d", seed), func(t *testing.T) {
			lives(t, rand.New(rand.NewPCG(uint64(seed), 10)), true)
		})
	}
}

func lives(t *testing.T, chance *rand.Rand, fills bool) {
	d := &documents{}
	d.Server, d.network = inMemory(t, tutti.Config{Dev: true, Ping: 5 * time.Second, Grace: 2 * time.Second})
	devices := []*device{newDevice(t, d.Server), newDevice(t, d.Server)}
	current := []*lived{devices[0].live(), devices[1].live()}
	topics, stored := make(map[string]string), make(map[string]bool)
	cut, full, kinds := make([]bool, 2), make([]bool, 2), 12
	if fills {
		kinds = 14
	}
	for range 60 {
		i := chance.IntN(2)
		device, l := devices[i], current[i]
		switch kind := chance.IntN(kinds); {
		case kind < 6:
			var words []string
			for range 1 + chance.IntN(4) {
				word := fmt.Sprintf("w%d;", len(topics))
				topics[word] = l.make(word, chance)
				words = append(words, word)
			}
			if chance.IntN(2) == 0 {
				synctest.Wait()
				for _, word := range words {
					stored[word] = l.Outbox().Durable()
				}
			}
		case kind < 8:
			cut[i] = !cut[i]
			device.offline(cut[i])
		case kind < 10:
			quiet := chance.IntN(2) == 0
			if quiet {
				cut[i] = true
				device.offline(true)
				time.Sleep(500 * time.Millisecond)
				synctest.Wait()
			}
			before, durable := l.shown(), l.Outbox().Durable()
			l.kill()
			current[i] = device.live()
			if got := current[i].shown(); quiet && durable && !reflect.DeepEqual(got, before) {
				t.Fatalf("killed and begun again, it shows %v, not %v", got, before)
			}
		case kind == 10:
			device.cut()
		case kind > 11:
			full[i] = !full[i]
			device.fill(full[i])
		default:
			time.Sleep(time.Duration(chance.IntN(3000)) * time.Millisecond)
		}
		time.Sleep(time.Duration(chance.IntN(100)) * time.Millisecond)
	}
	for i, device := range devices {
		device.offline(false)
		device.fill(false)
		if fills { // what ended on a full disk is found by another life
			current[i].kill()
			current[i] = device.live()
		}
	}
	time.Sleep(5 * time.Minute)
	synctest.Wait()
	d.has(t, current[0].note.Value())
	if a, b := current[0].shown(), current[1].shown(); !reflect.DeepEqual(a, b) {
		t.Errorf("they show %v and %v", a, b)
	}
	logs := make(map[string]string)
	for _, topic := range []string{"chat:a", "records:a", "text:a"} {
		logs[topic] = strings.Join(d.dataOf(t, topic), "\n")
	}
	for word, topic := range topics {
		if n := strings.Count(logs[topic], word) - strings.Count(logs[topic], "w"+word); n > 1 || n == 0 && stored[word] {
			t.Errorf("%s is %d times in the log of %s, and stored is %t", word, n, topic, stored[word])
		}
	}
	for i, l := range current {
		if got := l.Outbox().Entries(); len(got) > 0 {
			t.Errorf("the outbox of %d has %v", i, got)
		}
		l.Close()
		if got := append(devices[i].rows("entry/"), devices[i].rows("dead/")...); len(got) > 0 {
			t.Errorf("%v are stored", got)
		}
		if got := devices[i].failed(); len(got) > 0 && !fills {
			t.Errorf("told were %v", got)
		}
	}
}
