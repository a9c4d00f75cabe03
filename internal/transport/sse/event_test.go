package sse

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	gosse "github.com/tmaxmax/go-sse"

	"github.com/tuttisync/tutti/protocol"
)

// read parses a stream as a reader of another make does.
func read(t *testing.T, stream []byte) []gosse.Event {
	t.Helper()
	var all []gosse.Event
	for e, err := range gosse.Read(bytes.NewReader(stream), nil) {
		if err != nil {
			t.Fatalf("%q does not parse: %v", stream, err)
		}
		all = append(all, e)
	}
	return all
}

func stored(name, data string) []byte {
	return protocol.AppendEntry(nil, &protocol.Entry{Offset: 7, Term: "AAAAAAAAAAA", Name: name, Time: 1, Data: []byte(data)})
}

func TestEvent(t *testing.T) {
	for _, c := range []struct{ name, event, data, want string }{
		{"SSE-1/named", "stock-update", `{"price":1.50}`, "id: 7.AAAAAAAAAAA\nevent: stock-update\ndata: {\"price\":1.50}\n\n"},
		{"SSE-1/unnamed", "", `"x"`, "id: 7.AAAAAAAAAAA\ndata: \"x\"\n\n"},
		{"SSE-1/line_feeds", "", "{\n\"a\":\n1}", "id: 7.AAAAAAAAAAA\ndata: {\ndata: \"a\":\ndata: 1}\n\n"},
		{"SSE-1/carriage_returns", "", "[1,\r2,\r\n3]", "id: 7.AAAAAAAAAAA\ndata: [1,\ndata: 2,\ndata: 3]\n\n"},
		{"SSE-1/as_it_was_published", "", `{"a": 1 ,  "b":"\u00e9"}`, "id: 7.AAAAAAAAAAA\ndata: {\"a\": 1 ,  \"b\":\"\\u00e9\"}\n\n"},
		{"SSE-1/colon_and_space", "a:b.c", `": x"`, "id: 7.AAAAAAAAAAA\nevent: a:b.c\ndata: \": x\"\n\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := string(AppendEvent(nil, "", stored(c.event, c.data))); got != c.want {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
		})
	}
	t.Run("it_appends", func(t *testing.T) {
		got := AppendEvent(AppendEvent([]byte(":\n\n"), "", stored("", `1`)), "", stored("", `2`))
		if events := read(t, got); len(events) != 2 || events[0].Data != "1" || events[1].Data != "2" {
			t.Errorf("%q reads as %v", got, events)
		}
	})
}

// Any entry that the server takes is one event for another make of reader, and
// its data the same JSON; nothing in it can end the event or forge a field.
func FuzzAppendEvent(f *testing.F) {
	f.Add("stock", `{"a":[1,2]}`)
	f.Add("", "{\r\n\"id: 9\"\r:\n\"data: \\u0000\"}")
	f.Add("a:b", "\"\u2028\u0085 \"")
	f.Fuzz(func(t *testing.T, name, data string) {
		data = strings.Trim(data, " \t\r\n") // the space around a value is no part of it
		if protocol.CheckName(name) != nil || protocol.DefaultLimits().CheckData([]byte(data)) != nil {
			return
		}
		events := read(t, AppendEvent(nil, "", stored(name, data)))
		if len(events) != 1 || events[0].Type != name || events[0].LastEventID != "7.AAAAAAAAAAA" {
			t.Fatalf("%q named %q reads as %+v", data, name, events)
		}
		if lines := strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(data); events[0].Data != lines {
			t.Fatalf("%q reads as %q", data, events[0].Data)
		}
		var got, want any
		if json.Unmarshal([]byte(data), &want) == nil {
			if err := json.Unmarshal([]byte(events[0].Data), &got); err != nil || !reflect.DeepEqual(got, want) {
				t.Fatalf("%q reads as %q (%v)", data, events[0].Data, err)
			}
		}
	})
}
