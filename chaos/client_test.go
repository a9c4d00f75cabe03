package chaos_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/tuttisync/tutti"
	"github.com/tuttisync/tutti/chaos"
	"github.com/tuttisync/tutti/client"
	"github.com/tuttisync/tutti/protocol"
	"github.com/tuttisync/tutti/tuttitest"
)

// connect makes a server and a client that reaches it through a proxy.
func connect(t *testing.T, rules ...chaos.Rule) (*chaos.Proxy, *client.Client) {
	quiet := slog.New(slog.DiscardHandler)
	s := tuttitest.New(t, tutti.Config{Dev: true, Logger: quiet})
	p, err := chaos.New(chaos.Config{Target: strings.TrimPrefix(s.URL, "http://"), Seed: 1, Rules: rules, Logger: quiet})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() })
	c, err := client.Connect("http://"+p.Addr(), client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return p, c
}

// A client whose connection is cut, by a rule in the middle of the stream and by
// hand, sees what it published once and in order.
func TestClient_recovers(t *testing.T) {
	const entries = 200
	p, c := connect(t, chaos.Rule{Match: chaos.Match{Road: chaos.WS, Nth: 1}, Fault: chaos.Fault{CutAfter: 3000}})
	topic := c.Topic("numbers")
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	sent := make([]*client.Pending, entries)
	for i := range sent {
		sent[i] = topic.Enqueue(i, client.PublishOptions{})
	}
	next := 0
	for e, err := range topic.Read(ctx, protocol.FromEarliest()) {
		if err != nil {
			t.Fatal(err)
		}
		if string(e.Data) != fmt.Sprint(next) {
			t.Fatalf("entry %d is %s", next, e.Data)
		}
		if next++; next == entries {
			break
		}
		if next == 150 {
			p.Cut(chaos.WS)
		}
	}
	if st := p.Stats(); st.Faults["cut"] != 1 || st.Faults["cutAfter"] != 1 || st.Requests[chaos.WS] < 2 {
		t.Errorf("counts are %+v", st)
	}
}

// An acknowledgement that is lost is asked for again, and the entry is in the
// log once.
func TestClient_lost_acknowledgement(t *testing.T) {
	p, c := connect(t)
	topic := c.Topic("room")
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if _, err := topic.Publish(ctx, "first", client.PublishOptions{}); err != nil {
		t.Fatal(err)
	}
	rule := chaos.Rule{Match: chaos.Match{Road: chaos.WS, Nth: 1}, Fault: chaos.Fault{LoseAnswer: true}}
	if err := p.SetRules([]chaos.Rule{rule}); err != nil {
		t.Fatal(err)
	}
	ack, err := topic.Publish(ctx, "second", client.PublishOptions{})
	if err != nil || ack.Offset != 2 {
		t.Errorf("%+v, %v", ack, err)
	}
	ack, err = topic.Publish(ctx, "third", client.PublishOptions{})
	if err != nil || ack.Offset != 3 {
		t.Errorf("%+v, %v", ack, err)
	}
	if st := p.Stats(); st.Faults["loseAnswer"] != 1 || st.Requests[chaos.WS] != 2 {
		t.Errorf("counts are %+v", st)
	}
}

// The rules of the guide are rules.
func TestGuide(t *testing.T) {
	text, err := os.ReadFile("../docs/guides/faults.md")
	if err != nil {
		t.Fatal(err)
	}
	recipes := regexp.MustCompile("(?s)```json\n(.*?)```").FindAllSubmatch(text, -1)
	if len(recipes) < 5 {
		t.Fatalf("%d recipes", len(recipes))
	}
	for _, r := range recipes {
		if _, err := chaos.ParseRule(r[1]); err != nil {
			t.Errorf("%s: %v", r[1], err)
		}
	}
}
