// Command agents is the Go client as an agent; see README.md.
package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"sync"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/tuttisync/tutti/client"
	"github.com/tuttisync/tutti/crdt"
	"github.com/tuttisync/tutti/protocol"
)

// command is a line in.
type command struct {
	Do      string        `json:"do"`
	URL     string        `json:"url"`
	Roads   []string      `json:"roads"`
	Tokens  bool          `json:"tokens"`
	Token   string        `json:"token"`
	Topic   string        `json:"topic"`
	From    protocol.From `json:"from"`
	Else    string        `json:"else"`
	N       int           `json:"n"`
	Key     string        `json:"key"`
	Clients int           `json:"clients"`
	Offset  uint64        `json:"offset"`

	Place    string `json:"place"`
	User     string `json:"user"`
	Constant string `json:"constant"`
	Pad      string `json:"pad"`
	Offline  bool   `json:"offline"`

	ID   string         `json:"id"`
	Data jsontext.Value `json:"data"`

	Kind    string           `json:"kind"`
	Method  string           `json:"method"`
	Args    []jsontext.Value `json:"args"`
	By      jsontext.Value   `json:"by"` // a name; of a tally a number
	Payload jsontext.Value   `json:"payload"`
}

// agent is the program's state.
type agent struct {
	client *client.Client
	tokens chan string
	saying sync.Mutex // held while a line is written
	crowd  []*member

	documents map[string]document // by topic
	tally     *crdt.GCounter
}

// member is one client of a crowd.
type member struct {
	client *client.Client

	mu     sync.Mutex // guards the fields below
	read   uint64
	faults int
}

// message is the data of what it publishes.
type message struct {
	By  jsontext.Value `json:"by"`
	N   int            `json:"n"`
	Pad string         `json:"pad,omitempty"`
}

type said map[string]any

func main() {
	a := &agent{tokens: make(chan string, 1), documents: map[string]document{}, tally: crdt.NewGCounter()}
	if err := a.run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func (a *agent) run() error {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var c command
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			return fmt.Errorf("read %q: %w", lines.Text(), err)
		}
		if err := a.do(c); err != nil {
			return fmt.Errorf("%s: %w", c.Do, err)
		}
	}
	if a.client != nil {
		a.client.Close()
	}
	var closing sync.WaitGroup
	for _, m := range a.crowd {
		closing.Go(func() { _ = m.client.Close() }) // it says nothing that matters any more
	}
	closing.Wait()
	return lines.Err()
}

func (a *agent) say(s said) {
	line, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	a.saying.Lock()
	defer a.saying.Unlock()
	_, _ = os.Stdout.Write(append(line, '\n')) // who listens may have left
}

func (a *agent) do(c command) error {
	switch c.Do {
	case "connect":
		return a.connect(c)
	case "token":
		a.tokens <- c.Token
	case "subscribe":
		a.subscribe(c)
	case "publish":
		a.publish(c)
	case "retry":
		return a.client.Outbox().Retry(c.ID, c.Data)
	case "wake":
		a.client.Wake()
	case "crowd":
		return a.gather(c)
	case "count":
		a.count(c.Offset)
	case "open":
		return a.open(c)
	case "edit":
		return a.edit(c)
	case "look":
		a.say(said{"event": "answer", "n": c.N, "data": a.documents[c.Topic].look()})
	case "watch":
		a.watch(c.Topic)
	case "enter":
		a.enter(c)
	case "leave":
		go func() { _ = a.client.Topic(c.Topic).Presence().Leave(context.Background()) }() // who watches tells
	case "tally":
		return a.countUp(c)
	default:
		return errors.New("unknown command")
	}
	return nil
}

func (a *agent) connect(c command) error {
	options := client.Options{
		Roads: c.Roads, Dir: c.Place, User: c.User, StaticToken: c.Constant,
		OnStatus: func(s client.Status) { a.say(said{"event": "status", "state": s.State, "road": s.Road}) },
	}
	if c.Tokens {
		options.Token = func(ctx context.Context) (string, error) {
			a.say(said{"event": "token"})
			select {
			case token := <-a.tokens:
				return token, nil
			case <-ctx.Done():
				return "", ctx.Err()
			}
		}
	}
	var err error
	if a.client, err = client.Connect(c.URL, options); err != nil {
		return err
	}
	if c.Place != "" {
		a.client.Outbox().OnChange(a.sayOutbox)
		a.sayOutbox()
	}
	return nil
}

// sayOutbox says what waits, and what has become of it.
func (a *agent) sayOutbox() {
	outbox := a.client.Outbox()
	letters := []said{}
	for _, l := range outbox.Dead() {
		letters = append(letters, said{"id": l.ID, "topic": l.Topic, "error": l.Err.Code})
	}
	a.say(said{"event": "outbox", "pending": len(outbox.Entries()), "durable": outbox.Durable(), "dead": letters})
}

func (a *agent) subscribe(c command) {
	a.client.Topic(c.Topic).Subscribe(func(e client.Entry) {
		a.say(said{"event": "entry", "topic": c.Topic, "offset": e.Offset, "skipped": e.Skipped, "key": e.Key, "data": e.Data})
	}, client.SubscribeOptions{
		From: c.From, Else: c.Else,
		Started: func(s client.Start) {
			a.say(said{"event": "started", "topic": c.Topic, "offset": s.Position.Offset, "recovered": s.Recovered})
		},
		Failed: func(err error) {
			a.say(said{"event": "failed", "topic": c.Topic, "error": protocol.AsError(err).Code})
		},
	})
}

func (a *agent) publish(c command) {
	p := a.client.Topic(c.Topic).Enqueue(message{c.By, c.N, c.Pad}, client.PublishOptions{Key: c.Key})
	go func() {
		<-p.Done()
		ack, err := p.Result()
		if err != nil {
			a.say(said{"event": "settled", "n": c.N, "error": protocol.AsError(err).Code})
			return
		}
		a.say(said{"event": "settled", "n": c.N, "offset": ack.Offset})
	}()
}

func (a *agent) gather(c command) error {
	for range c.Clients {
		one, err := client.Connect(c.URL, client.Options{})
		if err != nil {
			return err
		}
		m := &member{client: one}
		a.crowd = append(a.crowd, m)
		one.Topic(c.Topic).Subscribe(m.hear, client.SubscribeOptions{From: protocol.FromEarliest()})
	}
	return nil
}

func (m *member) hear(e client.Entry) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if e.Offset != m.read+1 {
		m.faults++
	}
	m.read = e.Offset
}

func (a *agent) count(offset uint64) {
	live, complete, faults := 0, 0, 0
	for _, m := range a.crowd {
		if m.client.Online() {
			live++
		}
		m.mu.Lock()
		if m.read >= offset {
			complete++
		}
		faults += m.faults
		m.mu.Unlock()
	}
	a.say(said{"event": "count", "live": live, "complete": complete, "faults": faults})
}
