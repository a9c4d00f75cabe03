package sse

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/tuttisync/tutti/protocol"
)

// show writes where each topic starts.
func show(r Request) string {
	var all []string
	for _, s := range r.Topics {
		from := "new"
		if p, ok := s.From.Position(); ok {
			from = p.String()
		} else if n, ok := s.From.Last(); ok {
			from = fmt.Sprint("last ", n)
		} else if s.From.Earliest() {
			from = "earliest"
		}
		if s.Else != "" {
			from += " else " + s.Else
		}
		all = append(all, s.Topic+": "+from)
	}
	if r.Wrap {
		all = append(all, "wrap")
	}
	return strings.Join(all, ", ")
}

func TestParse(t *testing.T) {
	const at = "5.AAAAAAAAAAA"
	many := "topic=" + strings.Join(strings.Split(strings.Repeat("x", 33), ""), "&topic=")
	for i := range 33 {
		many = strings.Replace(many, "=x", fmt.Sprintf("=t%d", i), 1)
	}
	for _, c := range []struct{ name, query, lastEventID, want string }{
		{"SSE-3/new", "topic=a&topic=b", "", "a: new, b: new"},
		{"SSE-3/new_said", "topic=a&from=new", "", "a: new"},
		{"SSE-3/earliest", "topic=a&from=earliest", "", "a: earliest"},
		{"SSE-3/last", "topic=a&topic=b&last=3", "", "a: last 3, b: last 3"},
		{"SSE-3/last_beats_from", "topic=a&last=3&from=earliest", "", "a: last 3"},
		{"SSE-3/cursor_beats_last", "topic=a&last=3&cursor=" + at, "", "a: " + at},
		{"SSE-3/Last-Event-ID_beats_cursor", "topic=a&last=3&cursor=" + at, "0", "a: 0"},
		{"SSE-3/cursor_over_several", "topic=a&topic=b&topic=c", at + ",0,9", "a: " + at + ", b: 0, c: 9.AAAAAAAAAAA"},
		{"SSE-3/else", "topic=a&else=new&cursor=" + at, "", "a: " + at + " else new"},
		{"SSE-5/wrap", "topic=a&wrap=1", "", "a: new, wrap"},
		{"SSE-5/no_wrap", "topic=a&wrap=0", "", "a: new"},
		{"32_topics", strings.Replace(many, "&topic=t32", "", 1), "", "t0: new"},

		{"no_topic", "", "", "bad_message"},
		{"33_topics", many, "", "limit_exceeded"},
		{"a_topic_twice", "topic=a&topic=a", "", "bad_message"},
		{"a_cursor_that_is_none", "topic=a&cursor=x", "", "bad_message"},
		{"a_cursor_of_too_few", "topic=a&topic=b", at, "bad_message"},
		{"a_cursor_of_too_many", "topic=a", at + ",0", "bad_message"},
		{"a_cursor_without_a_term", "topic=a", "5", "bad_message"},
		{"a_last_that_is_no_number", "topic=a&last=-1", "", "bad_message"},
		{"a_last_beyond_numbers", "topic=a&last=99999999999999999999", "", "bad_message"},
		{"an_unknown_from", "topic=a&from=then", "", "bad_message"},
		{"an_unknown_else", "topic=a&else=then", "", "bad_message"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodGet, "/v1/sse?"+c.query, nil)
			if c.lastEventID != "" {
				r.Header.Set("Last-Event-ID", c.lastEventID)
			}
			req, err := Parse(r)
			got := show(req)
			if err != nil {
				got = string(protocol.AsError(err).Code)
			}
			if !strings.HasPrefix(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// Whatever the query and the header say, the answer is a request for just the
// topics named, or a coded error.
func FuzzParse(f *testing.F) {
	f.Add("a", "b", "5.AAAAAAAAAAA,7", "3", "earliest")
	f.Add("a", "", "0", "", "new")
	f.Fuzz(func(t *testing.T, one, two, cursor, last, from string) {
		q := url.Values{"topic": {one, two}, "last": {last}, "from": {from}}
		r := &http.Request{URL: &url.URL{RawQuery: q.Encode()}, Header: http.Header{"Last-Event-Id": {cursor}}}
		req, err := Parse(r)
		if err != nil {
			if protocol.AsError(err).Code == protocol.Internal {
				t.Fatalf("an error without a code: %v", err)
			}
			return
		}
		if len(req.Topics) != 2 || req.Topics[0].Topic != one || req.Topics[1].Topic != two {
			t.Fatalf("got %+v", req)
		}
	})
}
