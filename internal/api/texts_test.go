package api

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/tuttisync/tutti/auth"
)

// naive is a reader of a text that has no engine: a value and a cursor, then the
// effects of entries.
type naive struct {
	text   []rune
	offset uint64
	cursor string
}

// entry is what it looks at of an entry.
type entry struct {
	Offset    uint64
	Data, Eff [][3]any
}

func (n *naive) hear(e entry) {
	splices := e.Data
	if e.Eff != nil {
		splices = e.Eff
	}
	for _, s := range splices {
		at, del, ins := int(s[0].(float64)), int(s[1].(float64)), []rune(s[2].(string))
		n.text = slices.Concat(n.text[:at], ins, n.text[at+del:])
	}
	n.offset = e.Offset
}

// get reads JSON.
func (s *testServer) get(path string, told any, header ...string) {
	s.t.Helper()
	r := s.request("GET", path, "", header...)
	body, err := io.ReadAll(r.Body)
	must(s.t, err)
	if r.StatusCode != http.StatusOK {
		s.t.Fatalf("%s: status %d: %s", path, r.StatusCode, body)
	}
	must(s.t, json.Unmarshal(body, told))
}

// begin reads the text as it is.
func (n *naive) begin(s *testServer, header []string) {
	var told struct {
		Value, Cursor string
		Offset        uint64
	}
	s.get("/v1/docs/notes:a", &told, header...)
	n.text, n.offset, n.cursor = []rune(told.Value), told.Offset, told.Cursor
}

// Readers of a text need no engine: from its value on, entries say what they do to
// it, whatever their authors had seen.
func TestText_TEXT_14_TEXT_15_a_reader_without_an_engine(t *testing.T) {
	s := serve(t)
	header := bearer(s.token(0, grant("notes:a", auth.Read, auth.Edit)))
	edit := func(body string) {
		t.Helper()
		if r := s.request("POST", "/v1/docs/notes:a/ops", body, header...); r.StatusCode != http.StatusCreated {
			t.Fatalf("%s: %+v", body, failure(t, r))
		}
	}
	edit(`{"op":[[0,0,"naïve 😀 text"]]}`)
	var streamed, polled naive
	streamed.begin(s, header)
	polled.begin(s, header)
	for i := range 20 {
		edit(fmt.Sprintf(`{"base":%d,"op":[[6,1,"🙂"],[%d,0,"%d "]]}`, 1+i/2, i%7, i))
		edit(fmt.Sprintf(`{"base":1,"replace":"naïve 😀 text, %d"}`, i))
	}
	var now naive
	now.begin(s, header)

	l := s.listen("topic=notes:a&wrap=1&cursor="+streamed.cursor, header...)
	for streamed.offset < now.offset {
		_, data, found := strings.Cut(l.block(), "data: ")
		if found {
			var e entry
			must(t, json.Unmarshal([]byte(data), &e))
			streamed.hear(e)
		}
	}
	for polled.offset < now.offset {
		var page struct {
			Entries []entry
			Cursor  string
		}
		s.get("/v1/poll?topic=notes:a&cursor="+polled.cursor, &page, header...)
		for _, e := range page.Entries {
			polled.hear(e)
		}
		polled.cursor = page.Cursor
	}
	for road, n := range map[string]naive{"stream": streamed, "poll": polled} {
		if string(n.text) != string(now.text) {
			t.Errorf("over the %s the text is %q, and it is %q", road, string(n.text), string(now.text))
		}
	}
	for _, word := range []string{"🙂", "19 ", ", 0", ", 19"} {
		if !strings.Contains(string(now.text), word) {
			t.Errorf("%q is not in %q", word, string(now.text))
		}
	}
}
