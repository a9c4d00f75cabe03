package hub

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/tuttisync/tutti/auth"
	"github.com/tuttisync/tutti/protocol"
)

var trusted = Admin{Trusted: true}

func (n *node) redact(topic string, offset uint64) {
	n.t.Helper()
	_, err := n.Redact(context.Background(), trusted, topic, offset)
	must(n.t, err)
}

// streamOf opens a stream of the program's over topics, and drains it.
func (n *node) streamOf(topics ...string) *Stream {
	n.t.Helper()
	config := StreamConfig{Identity: everyone, Encoding: Stored}
	for _, topic := range topics {
		config.Topics = append(config.Topics, protocol.Subscribe{Topic: topic, From: protocol.FromEarliest()})
	}
	s, err := n.Open(context.Background(), config)
	must(n.t, err)
	n.t.Cleanup(s.Close)
	return s
}

func TestRedact(t *testing.T) {
	t.Run("ADMIN-2/what_is_left", func(t *testing.T) {
		n := newNode(t)
		_, err := n.Publish(context.Background(), Publication{Identity: everyone, Topic: "a", Name: "note", Data: []byte(`"secret"`)})
		must(t, err)
		secret := newSecret(t)
		l := n.connect(secret, 1)
		l.say(`{"type":"publish","topic":"a","seq":3,"voids":[[1,2]],"name":"note","data":"secret"}`)
		l.expect("ack")
		before := n.history(t, "a")
		n.redact("a", 1)
		n.redact("a", 2)
		after := n.history(t, "a")
		if strings.Contains(strings.Join(after, ""), "secret") || strings.Contains(strings.Join(after, ""), "alice") {
			t.Errorf("it is still there: %s", after)
		}
		for i, e := range entriesOf(t, after) {
			was := entriesOf(t, before)[i]
			if !e.Redacted || string(e.Data) != "null" || e.Author != nil || e.Name != "" ||
				e.Offset != was.Offset || e.Term != was.Term || e.Time != was.Time ||
				e.Client != was.Client || e.Seq != was.Seq || fmt.Sprint(e.Voids) != fmt.Sprint(was.Voids) {
				t.Errorf("%s became %s", before[i], after[i])
			}
		}
		l.say(`{"type":"publish","topic":"a","seq":3,"data":1}`)
		if m := l.expect("ack"); m.Offset != 2 {
			t.Errorf("the repeat of a redacted entry: %+v", m)
		}
		l.say(`{"type":"publish","topic":"a","seq":4,"data":4}`)
		if m := l.expect("ack"); m.Offset != 3 {
			t.Errorf("the next entry: %+v", m)
		}
	})
	t.Run("ADMIN-2/readers_are_told", func(t *testing.T) {
		n := newNode(t)
		n.tellMany("a", 1, 3)
		reader, elsewhere, late := n.reader(), n.reader(), n.reader()
		reader.say(`{"type":"subscribe","id":1,"topic":"a","from":"earliest"}`)
		reader.expect("subscribed")
		reader.entries("a", 1, 3)
		n.tell("a", "4") // in the ring
		reader.entries("a", 4, 4)
		elsewhere.say(`{"type":"subscribe","id":1,"topic":"b"}`)
		elsewhere.expect("subscribed")
		for _, offset := range []uint64{2, 4} {
			n.redact("a", offset)
			if m := reader.expect("redacted"); m.Topic != "a" || m.Offset != offset {
				t.Errorf("told %+v", m)
			}
		}
		n.redact("a", 4)
		reader.quiet()
		elsewhere.quiet()
		late.say(`{"type":"subscribe","id":1,"topic":"a","from":"earliest"}`)
		late.expect("subscribed")
		for _, want := range []string{"1", "null", "3", "null"} {
			if m := late.expect("entry"); string(m.Data) != want {
				t.Errorf("entry %d is %s, want %s", m.Offset, m.Data, want)
			}
		}
		n.tell("a", "5")
		if m := reader.expect("entry"); m.Offset != 5 {
			t.Errorf("then came %+v", m)
		}
	})
	t.Run("ADMIN-2/streams_are_told", func(t *testing.T) {
		n := newNode(t)
		n.tell("b", "1")
		n.tell("a", "1")
		s := n.streamOf("b", "a")
		for range 2 {
			batch, err := s.Next(context.Background(), nil)
			if err != nil || len(batch.Frames) == 0 {
				t.Fatalf("got %+v, %v", batch, err)
			}
		}
		n.redact("a", 1)
		if batch, err := s.Next(context.Background(), nil); err != nil || batch.Index != 1 || batch.Redacted != 1 || len(batch.Frames) > 0 {
			t.Errorf("told %+v, %v", batch, err)
		}
	})
	t.Run("ADMIN-2/after_the_entry", func(t *testing.T) {
		n := newNode(t)
		l := n.reader()
		l.say(`{"type":"subscribe","id":1,"topic":"a"}`)
		l.expect("subscribed")
		l.stall()
		n.tell("a", "1")
		l.await(t, "the entry", func() bool { return l.done != nil })
		n.tell("a", "2")
		n.redact("a", 1)
		n.redact("a", 2)
		l.release()
		l.entries("a", 1, 1)
		l.expect("redacted")
		l.expect("redacted")
		if m := l.expect("entry"); m.Offset != 2 || string(m.Data) != "null" {
			t.Errorf("a reader who was behind gets %+v", m)
		}
	})
	t.Run("ADMIN-2/a_stalled_reader_ends", func(t *testing.T) {
		n := newNode(t)
		n.tellMany("a", 1, maxNotices+1)
		s := n.streamOf("a")
		l := n.reader()
		l.say(`{"type":"subscribe","id":1,"topic":"a"}`)
		l.expect("subscribed")
		l.stall()
		for i := range maxNotices + 1 {
			n.redact("a", uint64(i)+1)
		}
		if _, err := s.Next(context.Background(), nil); protocol.AsError(err).Code != protocol.Overloaded {
			t.Errorf("the stream ended with %v", err)
		}
		l.conn.mu.Lock()
		held := len(l.conn.replies)
		l.conn.mu.Unlock()
		if held > maxReplies {
			t.Errorf("%d bytes are held for a connection that takes nothing", held)
		}
		l.release()
	})
	for _, c := range []struct {
		name   string
		offset uint64
		want   protocol.Code
	}{
		{"no_entry_0", 0, protocol.NotFound},
		{"above_the_head", 5, protocol.NotFound},
		{"truncated", 1, protocol.PositionLost},
		{"kept", 2, ""},
	} {
		t.Run("ADMIN-2/"+c.name, func(t *testing.T) {
			n := newNode(t)
			n.tellMany("a", 1, 4)
			_, err := n.Truncate(context.Background(), trusted, "a", 2)
			must(t, err)
			_, err = n.Redact(context.Background(), trusted, "a", c.offset)
			if code := codeOf(err); code != c.want {
				t.Errorf("got %v", err)
			}
		})
	}
}

func codeOf(err error) protocol.Code {
	if err == nil {
		return ""
	}
	return protocol.AsError(err).Code
}

// history returns the entries of a topic as they are stored.
func (n *node) history(t *testing.T, topic string) []string {
	t.Helper()
	page, err := n.History(context.Background(), everyone, protocol.History{Topic: topic})
	must(t, err)
	var all []string
	for _, e := range page.Entries {
		all = append(all, string(e))
	}
	return all
}

func entriesOf(t *testing.T, stored []string) []protocol.Entry {
	t.Helper()
	var all []protocol.Entry
	for _, s := range stored {
		e, err := protocol.ParseEntry([]byte(s))
		must(t, err)
		all = append(all, e)
	}
	return all
}

func TestTruncate(t *testing.T) {
	t.Run("ADMIN-1/readers_behind_are_told", func(t *testing.T) {
		n := newNode(t)
		n.tellMany("a", 1, 5)
		l := n.reader()
		l.say(`{"type":"subscribe","id":1,"topic":"a","from":"earliest"}`)
		l.expect("subscribed")
		l.entries("a", 1, 5)
		l.stall()
		n.tell("a", "6")
		l.await(t, "the entry", func() bool { return l.done != nil })
		n.tellMany("a", 7, 9)
		info, err := n.Truncate(context.Background(), trusted, "a", 9)
		must(t, err)
		if info.First != 9 || info.Head.Offset != 9 || info.Head.Term != n.log.Term() {
			t.Errorf("got %+v", info)
		}
		l.release()
		l.entries("a", 6, 6)
		if m := l.expect("subscribed"); m.ID != 0 || m.Recovered || m.Offset != 8 {
			t.Errorf("told %+v", m)
		}
		l.entries("a", 9, 9)
		if got := entriesOf(t, n.history(t, "a")); len(got) != 1 || got[0].Offset != 9 {
			t.Errorf("left are %+v", got)
		}
	})
	t.Run("ADMIN-1/all", func(t *testing.T) {
		n := newNode(t)
		n.tellMany("a", 1, 3)
		for range 2 {
			info, err := n.Truncate(context.Background(), trusted, "a", protocol.MaxOffset)
			must(t, err)
			if info.First != 4 || info.Head.Offset != 3 {
				t.Errorf("got %+v", info)
			}
		}
		if p := n.tell("a", "4"); p.Offset != 4 {
			t.Errorf("the next is at %d", p.Offset)
		}
		l := n.reader()
		l.say(`{"type":"subscribe","id":1,"topic":"a","from":"earliest"}`)
		l.expect("subscribed")
		l.entries("a", 4, 4)
	})
	t.Run("ADMIN-1/a_topic_without_entries", func(t *testing.T) {
		n := newNode(t)
		info, err := n.Truncate(context.Background(), trusted, "a", 9)
		must(t, err)
		if info.First != 1 || info.Head.Offset != 0 {
			t.Errorf("got %+v", info)
		}
	})
}

func TestDisconnect(t *testing.T) {
	users := func(config *Config) {
		config.Identify = func(token string, _ protocol.Secret) (auth.Identity, error) {
			return auth.Identity{Sub: token, Grants: auth.FullRights()}, nil
		}
	}
	hello := func(n *node, sub string) *line {
		l := n.open()
		l.say(fmt.Sprintf(`{"type":"hello","token":%q}`, sub))
		l.expect("welcome")
		return l
	}
	for _, c := range []struct {
		name string
		back bool
		want protocol.Code
		code int
	}{
		{"for_good", false, protocol.Forbidden, 4205},
		{"to_return", true, protocol.Draining, 4003},
	} {
		t.Run("ADMIN-3/"+c.name, func(t *testing.T) {
			n := newNode(t, users)
			first, second, other, silent := hello(n, "mallory"), hello(n, "mallory"), hello(n, "alice"), n.open()
			s, err := n.Open(context.Background(), StreamConfig{Identity: auth.Identity{Sub: "mallory", Grants: auth.FullRights()}, Topics: []protocol.Subscribe{{Topic: "a"}}})
			must(t, err)
			defer s.Close()
			count, err := n.Disconnect(context.Background(), trusted, protocol.Disconnect{Sub: "mallory", Return: c.back})
			must(t, err)
			if count != 3 {
				t.Errorf("%d were told to go", count)
			}
			for _, l := range []*line{first, second} {
				if m, code := l.end(); m.Type != "close" || m.code() != c.want || code != c.code {
					t.Errorf("ended with %+v, %d", m, code)
				}
			}
			if _, err := s.Next(context.Background(), nil); codeOf(err) != c.want {
				t.Errorf("the stream ended with %v", err)
			}
			other.quiet()
			silent.say(`{"type":"hello","token":"alice"}`)
			silent.expect("welcome")
			hello(n, "mallory").quiet()
		})
	}
	t.Run("ADMIN-3/a_client", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			n := newNode(t)
			secret := newSecret(t)
			one, other := n.connect(secret, 1), n.connect(newSecret(t), 1)
			for _, want := range []int{1, 0} {
				count, err := n.Disconnect(context.Background(), trusted, protocol.Disconnect{Client: protocol.ClientID("alice", secret)})
				must(t, err)
				if count != want {
					t.Errorf("%d were told to go, want %d", count, want)
				}
				synctest.Wait()
			}
			if m, _ := one.end(); m.code() != protocol.Forbidden {
				t.Errorf("ended with %+v", m)
			}
			other.quiet()
		})
	})
}

// The server's log says who did what, and nothing of the data.
func TestAdmin_is_logged(t *testing.T) {
	var out bytes.Buffer
	n := newNode(t, func(config *Config) { config.Logger = slog.New(slog.NewTextHandler(&out, nil)) })
	n.tellMany("a", 1, 3)
	n.tell("a", `"secret"`)
	who := Admin{Identity: everyone}
	_, err := n.Redact(context.Background(), who, "a", 4)
	must(t, err)
	_, err = n.Truncate(context.Background(), who, "a", 2)
	must(t, err)
	_, err = n.Disconnect(context.Background(), trusted, protocol.Disconnect{Sub: "bob"})
	must(t, err)
	for _, want := range []string{
		`level=INFO msg="entry redacted" topic=a offset=4 by=alice`,
		`level=INFO msg="log truncated" topic=a first=2 by=alice`,
		`level=INFO msg=disconnected sub=bob client="" return=false connections=0 by="the program"`,
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the log lacks %q:\n%s", want, out.String())
		}
	}
	if strings.Contains(out.String(), "secret") {
		t.Errorf("the log tells data:\n%s", out.String())
	}
}
