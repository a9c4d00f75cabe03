package hub

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"

	"github.com/tuttisync/tutti/doc/registry"
	"github.com/tuttisync/tutti/protocol"
	"github.com/tuttisync/tutti/store"
	"github.com/tuttisync/tutti/store/memory"
)

func documentsOf(typ string) func(*Config) {
	return func(c *Config) {
		c.Namespace = func(string) (Namespace, error) { return Namespace{Type: registry.Kind(typ)}, nil }
	}
}

// What was told to readers is in the value that is asked for then, though the
// append that told it has not returned.
func TestDocument_DOC_13_what_was_told_is_in_the_value(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := newFaulty()
		n := newNode(t, over(log), documentsOf("counter"))
		add := func() {
			_, err := n.Edit(t.Context(), Operation{Trusted: true, Topic: "d", Op: []byte(`{"op":"add","n":1}`)})
			must(t, err)
		}
		add()
		values := make(chan string, 1)
		log.set(nil, func(call string) {
			if call == "append" {
				go func() { values <- n.value("d", nil) }()
				synctest.Wait()
			}
		})
		add()
		if got := <-values; got != "2 at 2" {
			t.Errorf("the value is %s", got)
		}
	})
}

// value is a document's, and its offset.
func (n *node) value(topic string, at *uint64) string {
	v, err := n.Document(context.Background(), Glance{Trusted: true, Topic: topic, At: at})
	if err != nil {
		return string(protocol.AsError(err).Code)
	}
	return fmt.Sprint(string(v.Value), " at ", v.Offset)
}

// A document that was written to a thousand times is written down in one piece,
// from which it is read again; from its log, if the piece is damaged.
func TestDocument_DOC_12_is_written_down_now_and_then(t *testing.T) {
	log := newFaulty()
	kept := make(chan struct{}, 10)
	log.set(nil, func(call string) {
		if call == "put snapshot" {
			kept <- struct{}{}
		}
	})
	const entries = keepEvery + 10
	n := newNode(t, over(log), documentsOf("counter"))
	for range entries {
		_, err := n.Edit(t.Context(), Operation{Trusted: true, Topic: "d", Op: []byte(`{"op":"add","n":1}`)})
		must(t, err)
	}
	<-kept
	n.close()

	read := 0
	log.set(func(call string) error {
		if call == "read" {
			read++
		}
		return nil
	}, nil)
	n = newNode(t, over(log), documentsOf("counter"))
	if got, want := n.value("d", nil), fmt.Sprint(entries, " at ", entries); got != want || read > 1 {
		t.Errorf("the value is %s after %d reads, want %s after one at most", got, read, want)
	}
	s, err := log.Snapshot(t.Context(), "d", 0)
	must(t, err)
	if s.Offset < keepEvery {
		t.Fatalf("it was written down at %d", s.Offset)
	}
	for _, damage := range []string{
		`{"v":1,"type":"counter","cells":[["",1]`, `{"v":2,"type":"counter","cells":[["",1]]}`, `{"v":1,"type":"set","cells":[]}`,
		`{"v":1,"type":"counter","cells":[["x",1]]}`, `[]`, ``,
	} {
		must(t, log.PutSnapshot(t.Context(), "d", store.Snapshot{Offset: entries, Data: []byte(damage)}))
		n = newNode(t, over(log), documentsOf("counter"))
		if got, want := n.value("d", nil), fmt.Sprint(entries, " at ", entries); got != want {
			t.Errorf("with the snapshot %s the value is %s, want %s", damage, got, want)
		}
		n.close()
	}
	must(t, log.PutSnapshot(t.Context(), "d", store.Snapshot{Offset: entries, Data: []byte("[]")}))
	must(t, log.Truncate(t.Context(), "d", 3))
	n = newNode(t, over(log), documentsOf("counter"))
	if got := n.value("d", nil); got != "internal" {
		t.Errorf("without a log and a snapshot the value is %s", got)
	}
}

// A topic that was one of messages is an empty document, also when messages were
// forgotten.
func TestDocument_DOC_3_of_messages_begins_empty(t *testing.T) {
	log := newFaulty()
	n := newNode(t, over(log))
	n.tellMany("d", 1, 5)
	_, err := n.Truncate(t.Context(), Admin{Trusted: true}, "d", 4)
	must(t, err)
	n.close()
	n = newNode(t, over(log), documentsOf("counter"))
	if got := n.value("d", nil); got != "0 at 5" {
		t.Errorf("the value is %s", got)
	}
	_, err = n.Edit(t.Context(), Operation{Trusted: true, Topic: "d", Op: []byte(`{"op":"add","n":1}`)})
	must(t, err)
	_, err = n.Truncate(t.Context(), Admin{Trusted: true}, "d", 6)
	must(t, err)
	if got := n.value("d", nil); got != "1 at 6" {
		t.Errorf("the value is %s", got)
	}
}

// Where a reader of a document starts, and with what.
func TestDocument_DOC_9_DOC_11_where_a_reader_starts(t *testing.T) {
	n := newNode(t, documentsOf("counter"))
	const entries = nearEntries + 10
	var term string
	for range entries {
		at, err := n.Edit(t.Context(), Operation{Trusted: true, Topic: "d", Op: []byte(`{"op":"add","n":1}`)})
		must(t, err)
		term = at.Term
	}
	for _, c := range []struct {
		from      string
		recovered bool
		entries   int // that come; 0: a snapshot
	}{
		{recovered: true},
		{from: fmt.Sprintf(`,"from":{"offset":5,"term":%q}`, term), recovered: true},
		{from: fmt.Sprintf(`,"from":{"offset":%d,"term":%q}`, entries-3, term), recovered: true, entries: 3},
		{from: fmt.Sprintf(`,"from":{"offset":%d,"term":%q}`, entries+1, term)},
		{from: fmt.Sprintf(`,"from":{"offset":%d,"term":"AAAAAAAAAAA"}`, entries-3)},
	} {
		l := n.connect(newSecret(t), 1)
		l.say(fmt.Sprintf(`{"type":"subscribe","id":1,"topic":"d","doc":"counter"%s}`, c.from))
		if m := l.expect("subscribed"); m.Recovered != c.recovered {
			t.Errorf("%s: the hub said %s", c.from, m.line)
		}
		if c.entries == 0 {
			if m := l.expect("snapshot"); m.Offset != entries {
				t.Errorf("%s: the hub said %s", c.from, m.line)
			}
		}
		for i := range c.entries {
			if m := l.expect("entry"); m.Offset != uint64(entries-c.entries+1+i) {
				t.Errorf("%s: the hub said %s", c.from, m.line)
			}
		}
		l.quiet()
	}
}

// Who was away past the kept log reads on, and is not told that its log was lost,
// though the runs of the server that wrote it are over too.
func TestDocument_DOC_11_a_reader_from_before_the_log_begins(t *testing.T) {
	log := memory.New()
	var read []protocol.Position
	for range 4 {
		n := newNode(t, over(log), documentsOf("counter"))
		for range 3 {
			at, err := n.Edit(t.Context(), Operation{Trusted: true, Topic: "d", Op: []byte(`{"op":"add","n":1}`)})
			must(t, err)
			read = append(read, at)
		}
		n.close()
		log = log.Restart("")
	}
	n := newNode(t, over(log), documentsOf("counter"))
	_, err := n.Truncate(t.Context(), Admin{Trusted: true}, "d", 12)
	must(t, err)
	n.close()
	n = newNode(t, over(log), documentsOf("counter"))
	l := n.connect(newSecret(t), 1)
	for _, at := range read[:10] {
		for _, recovered := range []bool{true, false} {
			if !recovered {
				at.Term = "AAAAAAAAAAA"
			}
			l.say(fmt.Sprintf(`{"type":"subscribe","id":1,"topic":"d","doc":"counter","from":{"offset":%d,"term":%q}}`, at.Offset, at.Term))
			if m := l.expect("subscribed"); m.Recovered != recovered {
				t.Errorf("from %v: the hub said %s", at, m.line)
			}
			l.expect("snapshot")
		}
	}
}

// A topic is what its namespace says: nobody can use it as something else.
func TestDocument_DOC_4_DOC_8_a_topic_of_another_kind(t *testing.T) {
	n := newNode(t, func(c *Config) {
		c.Namespace = func(topic string) (Namespace, error) {
			return Namespace{Type: registry.Kind(protocol.Namespace(topic))}, nil
		}
	})
	l := n.connect(newSecret(t), 1)
	for i, frame := range []string{
		`{"type":"publish","topic":"talk:a","seq":1,"base":0,"data":1}`,
		`{"type":"publish","topic":"counter:a","seq":1,"name":"x","data":{"op":"add","n":1}}`,
		`{"type":"publish","topic":"counter:a","seq":1,"key":"x","data":{"op":"add","n":1}}`,
		`{"type":"subscribe","id":1,"topic":"talk:a","doc":"counter"}`,
		`{"type":"subscribe","id":1,"topic":"counter:a","doc":"set"}`,
		`{"type":"subscribe","id":1,"topic":"counter:a","doc":"poll"}`,
	} {
		l.say(frame)
		if m := l.next(); m.code() != protocol.WrongType {
			t.Errorf("%d: the hub said %s", i, m.line)
		}
	}
	for _, topic := range []string{"counter:a", "talk:a"} {
		if head := n.value(topic, nil); head != "0 at 0" && head != "wrong_type" {
			t.Errorf("%s is %s", topic, head)
		}
	}
	_, err := n.Edit(t.Context(), Operation{Trusted: true, Topic: "talk:a", Op: []byte(`{"op":"add","n":1}`)})
	if protocol.AsError(err).Code != protocol.WrongType {
		t.Errorf("an operation on messages: %v", err)
	}
}
