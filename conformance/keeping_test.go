package conformance

import (
	"encoding/json"
	"os"
	"reflect"
	"slices"
	"strings"
	"time"
)

// outbox is what an agent tells of what it keeps.
type outbox struct {
	Pending int
	Durable bool
	Dead    []letter
}

// letter is a dead letter.
type letter struct {
	ID, Topic, Error string
}

// live ends a life, or begins the next one.
func (d *director) live(what string) {
	d.t.Helper()
	switch what {
	case "kill":
		d.device.agent.kill()
		d.device.tokened += d.device.agent.tokened
	case "quit":
		d.device.agent.quit()
		d.device.tokened += d.device.agent.tokened
	case "start":
		d.device.begin(d.t, d.fresh, d.command)
	default:
		d.t.Fatalf("no agent can %q", what)
	}
}

func (d *director) open(o *openStep) {
	d.device.opens[o.Topic] = true
	d.device.agent.do(map[string]any{"do": "open", "kind": o.Kind, "topic": o.Topic, "offline": o.Offline})
}

func (d *director) edit(e *editStep) {
	n := d.device.note(task{topic: e.Topic, rejected: e.Rejected, marks: marks(e.Args)})
	d.device.agent.do(map[string]any{"do": "edit", "topic": e.Topic, "n": n, "method": e.Method, "args": e.Args})
}

// retry makes a dead letter of a topic a new entry.
func (d *director) retry(r *retryStep) {
	v := d.device
	again := task{topic: r.Topic, retried: true}
	data := r.Data
	if data == nil {
		again = v.message(r.Topic)
		again.retried = true
		data = numbered{again.by, len(v.asked) + 1}
	}
	v.note(again)
	v.agent.mu.Lock()
	dead := v.agent.outbox.Dead
	v.agent.mu.Unlock()
	i := slices.IndexFunc(dead, func(l letter) bool { return l.Topic == r.Topic })
	if i < 0 {
		d.t.Fatalf("of %s there is no dead letter: %+v", r.Topic, dead)
	}
	v.agent.do(map[string]any{"do": "retry", "id": dead[i].ID, "data": data})
}

// lose deletes all that is kept on the device.
func (d *director) lose() {
	d.t.Helper()
	d.insistently("the empty place", func() bool { return os.RemoveAll(d.device.place) == nil }) // it may be written just now
}

// insistently asks again and again until it is so.
func (d *director) insistently(what string, ok func() bool) {
	d.t.Helper()
	for deadline := time.Now().Add(patience); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			d.t.Fatalf("%s never came", what)
		}
	}
}

// look asks what a document shows, as JSON.
func (d *director) look(v *device, topic string) json.RawMessage {
	d.t.Helper()
	d.looks++
	v.agent.do(map[string]any{"do": "look", "topic": topic, "n": d.looks})
	v.agent.await("what it shows", func() bool { return v.agent.answers[d.looks] != nil })
	v.agent.mu.Lock()
	defer v.agent.mu.Unlock()
	return v.agent.answers[d.looks]
}

func (d *director) shows(s *showsStep) {
	d.t.Helper()
	shown := ""
	d.t.Cleanup(func() {
		if d.t.Failed() {
			d.t.Logf("%s showed %s", s.Topic, shown)
		}
	})
	d.insistently("the text", func() bool {
		shown = string(d.look(d.device, s.Topic))
		if s.Is != "" && shown != s.Is {
			return false
		}
		for _, text := range s.Holds {
			if strings.Count(shown, text) != 1 {
				return false
			}
		}
		return true
	})
}

// awaitKept waits for what a step wants of what is kept.
func (d *director) awaitKept(w *awaitStep) {
	d.t.Helper()
	v := d.device
	if w.Stored {
		d.insistently("what is stored", func() bool {
			v.agent.mu.Lock()
			defer v.agent.mu.Unlock()
			return v.stored()
		})
	}
	if w.Dead != nil {
		v.agent.await("the dead letters", func() bool { return v.agent.outbox != nil && len(v.agent.outbox.Dead) == *w.Dead })
	}
	for topic, n := range w.Logged {
		d.insistently("the entries in the log", func() bool { return len(d.server.entries(topic)) >= n })
	}
}

// agree waits until the documents of all devices show what the server's do.
func (d *director) agree() {
	d.t.Helper()
	for _, v := range d.devices {
		for topic := range v.opens {
			d.insistently(topic+" on "+v.name+" as it is on the server", func() bool {
				var server struct{ Value any }
				if err := d.server.request("GET", "/v1/docs/"+topic, "", "", &server); err != nil {
					d.t.Fatal(err)
				}
				var shown any
				if err := json.Unmarshal(d.look(v, topic), &shown); err != nil {
					d.t.Fatal(err)
				}
				return reflect.DeepEqual(shown, server.Value)
			})
		}
	}
}
