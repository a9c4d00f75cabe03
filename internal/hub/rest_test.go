package hub

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/tuttisync/tutti/doc"
)

// holdsDocument says whether the document "d" is held, and by which of both.
func (n *node) holdsDocument() (state, sequencer bool) {
	t := n.lookup("d")
	t.document.mu.RLock()
	defer t.document.mu.RUnlock()
	return t.document.state != nil, t.sequencer != nil
}

// patient keeps connections that say nothing.
func patient(c *Config) { c.Session.Ping = time.Hour }

// A document that nobody edits or opens is let go, though it has a reader, who is
// told what comes then; and who edits it finds it as it was.
func TestDocument_that_rests_is_let_go(t *testing.T) {
	n, pass := still(t, documentsOf("text"), patient)
	l := n.reader()
	l.say(`{"type":"subscribe","id":1,"topic":"d","doc":"text"}`)
	l.expect("subscribed")
	l.expect("snapshot")
	n.edit(everyone, nil, `[[0,0,"ab"]]`)
	l.expect("entry")
	for range 2 {
		pass(restAfter)
		if state, sequencer := n.holdsDocument(); !state || !sequencer {
			t.Fatalf("held: %v, and by the sequencer: %v", state, sequencer)
		}
		n.edit(everyone, nil, `[[2,0,"c"]]`)
		l.expect("entry")
	}
	pass(restAfter + time.Second)
	if state, sequencer := n.holdsDocument(); state || sequencer {
		t.Fatalf("held: %v, and by the sequencer: %v", state, sequencer)
	}
	l.quiet()
	n.edit(everyone, offsetOf(1), `[[1,0,"-"]]`)
	if m := l.expect("entry"); m.Offset != 4 {
		t.Errorf("the hub said %s", m.line)
	}
	n.reads("a-bcc")
}

// What takes long to be read again is held for longer.
func TestDocument_that_is_long_is_held_longer(t *testing.T) {
	n, pass := still(t, documentsOf("text"), patient)
	n.reader().say(`{"type":"subscribe","id":1,"topic":"d","doc":"text"}`) // so that the topic stays
	for range 20 {
		n.edit(everyone, nil, fmt.Sprintf(`[[0,0,%q]]`, strings.Repeat("x", 60_000)))
	}
	pass(2 * restAfter)
	if state, _ := n.holdsDocument(); !state {
		t.Error("it was let go")
	}
	pass(200 * time.Second)
	if state, _ := n.holdsDocument(); state {
		t.Error("it is held")
	}
}

// What is let go is gone: the sequencer, which may not be used for long, does not
// hold it.
func TestDocument_that_is_let_go_is_freed(t *testing.T) {
	n, _ := still(t, documentsOf("text"), func(c *Config) { c.DocumentsBytes = 1 })
	n.edit(everyone, nil, `[[0,0,"ab"]]`)
	freed := make(chan struct{})
	d := n.lookup("d").document
	d.mu.Lock()
	runtime.SetFinalizer(d.state, func(doc.Fold) { close(freed) })
	d.mu.Unlock()
	_, err := n.Edit(t.Context(), Operation{Trusted: true, Topic: "e", Op: []byte(`[[0,0,"a"]]`)})
	must(t, err)
	deadline := time.After(patience)
	for {
		runtime.GC()
		select {
		case <-freed:
			n.reads("ab")
			return
		case <-deadline:
			t.Fatal("the document is still held")
		case <-time.After(time.Millisecond):
		}
	}
}
