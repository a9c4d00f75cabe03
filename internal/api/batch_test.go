package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/tuttisync/tutti/auth"
	"github.com/tuttisync/tutti/internal/hub"
	"github.com/tuttisync/tutti/protocol"
	"github.com/tuttisync/tutti/store"
)

func TestPublishAll(t *testing.T) {
	post := func(s *testServer, topic, body string, header ...string) *http.Response {
		return s.request("POST", "/v1/topics/"+topic+"/events", body, header...)
	}
	t.Run("HTTP-6/together", func(t *testing.T) {
		s := serve(t)
		appends := s.appends()
		s.tell("open:a", "", "0")
		token := bearer(s.token(0, grant("open:*", auth.Publish)))
		r := post(s, "open:a", ` [{"data":{"a" : 1}},{"name":"n","data":2},{"data":null}]`, token...)
		if r.StatusCode != http.StatusCreated {
			t.Fatalf("status %d: %v", r.StatusCode, failure(t, r))
		}
		if p := body[publishedAll](t, r); p != (publishedAll{"open:a", 2, 4, s.log.Term()}) {
			t.Errorf("got %+v", p)
		}
		var got []string
		for _, e := range body[page](t, s.request("GET", "/v1/topics/open:a/events", "")).Entries[1:] {
			got = append(got, fmt.Sprint(e.Offset, e.Name, string(e.Data), e.Author.Sub))
		}
		if want := []string{`2 {"a" : 1} alice`, "3n2 alice", "4 null alice"}; !slices.Equal(compact(got), compact(want)) {
			t.Errorf("got %q, want %q", got, want)
		}
		if n := appends(); !slices.Equal(n, []int{1, 3}) {
			t.Errorf("appends of %v entries", n)
		}
	})
	t.Run("HTTP-6/none_between", func(t *testing.T) {
		s := serve(t)
		var tasks sync.WaitGroup
		for range 8 {
			tasks.Go(func() {
				for range 5 {
					p := body[publishedAll](t, post(s, "open:a", `[{"data":1},{"data":2},{"data":3}]`))
					if p.Last != p.First+2 {
						t.Errorf("got %+v", p)
					}
					s.tell("open:a", "", "0")
				}
			})
		}
		tasks.Wait()
		entries := body[page](t, s.request("GET", "/v1/topics/open:a/events?limit=1000", "")).Entries
		for i := 0; i < len(entries); i++ {
			if string(entries[i].Data) == "0" {
				continue
			}
			if i+2 >= len(entries) || string(entries[i].Data)+string(entries[i+1].Data)+string(entries[i+2].Data) != "123" {
				t.Fatalf("something stands in the batch at %d", entries[i].Offset)
			}
			i += 2
		}
	})
	for _, c := range []struct {
		name, body string
		code       protocol.Code
		message    string
	}{
		{"empty", `[]`, protocol.BadMessage, "nothing to publish"},
		{"too_many", `[` + strings.Repeat(`{"data":1},`, protocol.MaxBatch) + `{"data":1}]`, protocol.LimitExceeded, "1001"},
		{"body_too_large", `[{"data":"` + strings.Repeat("x", 300<<10) + `"}]`, protocol.TooLarge, "bytes"},
		{"one_without_data", `[{"data":1},{"name":"x"}]`, protocol.BadMessage, "Entry 2 of 2"},
		{"one_too_large", `[{"data":1},{"data":"` + strings.Repeat("x", 64<<10) + `"}]`, protocol.TooLarge, "Entry 2 of 2"},
		{"one_too_deep", `[{"data":` + strings.Repeat("[", 65) + strings.Repeat("]", 65) + `},{"data":1}]`, protocol.TooDeep, "Entry 1 of 2"},
		{"one_bad_name", `[{"data":1},{"data":1,"name":"a b"},{"data":1}]`, protocol.BadName, "Entry 2 of 3"},
		{"one_bad_key", `[{"data":1},{"data":1,"key":"a\u0000"}]`, protocol.BadMessage, "Entry 2 of 2: The key"},
		{"an_array_in_it", `[[{"data":1}]]`, protocol.BadMessage, "Entry 1 of 1"},
		{"unfinished", `[{"data":1},`, protocol.BadMessage, ""},
		{"two_arrays", `[{"data":1}][{"data":1}]`, protocol.BadMessage, ""},
		{"duplicate_names", `[{"data":1},{"data":{"a":1,"a":2}}]`, protocol.BadMessage, ""},
	} {
		t.Run("HTTP-6/"+c.name, func(t *testing.T) {
			s := serve(t)
			got := failure(t, post(s, "open:a", c.body))
			if got.Code != c.code || !strings.Contains(got.Message, c.message) {
				t.Errorf("got %v, want %s %q", got, c.code, c.message)
			}
			s.nothing("open:a")
		})
	}
	t.Run("HTTP-6/keys", func(t *testing.T) {
		s := serve(t, func(set *settings) {
			set.hub.Hooks.Publish = func(_ context.Context, _ auth.Identity, m *hub.Message) error {
				m.Key = strings.ToUpper(m.Key)
				return nil
			}
		})
		for _, text := range []string{`[{"key":"a","data":1},{"data":2},{"key":"b","data":3}]`, `{"key":"c","data":4}`} {
			if r := post(s, "open:a", text); r.StatusCode != http.StatusCreated {
				t.Fatalf("%s: status %d", text, r.StatusCode)
			}
		}
		var got []string
		for _, e := range body[page](t, s.request("GET", "/v1/topics/open:a/events", "")).Entries {
			got = append(got, e.Key)
		}
		if want := []string{"A", "", "B", "C"}; !slices.Equal(got, want) {
			t.Errorf("keys %q, want %q", got, want)
		}
	})
	t.Run("HTTP-6/rights", func(t *testing.T) {
		s := serve(t)
		if got := failure(t, post(s, "chat:a", `[{"data":1},{"data":2}]`, bearer(s.token(0, grant("chat:*", auth.Read)))...)); got.Code != protocol.Forbidden {
			t.Errorf("got %v", got)
		}
		s.nothing("chat:a")
	})
	t.Run("HTTP-6/hook_of_each", func(t *testing.T) {
		s := serve(t, func(set *settings) {
			set.hub.Hooks.Publish = func(_ context.Context, _ auth.Identity, m *hub.Message) error {
				if string(m.Data) == "13" {
					return protocol.Errorf(protocol.Rejected, "No thirteen.")
				}
				m.Name, m.Data = "seen", append(m.Data, '0')
				return nil
			}
		})
		got := failure(t, post(s, "open:a", `[{"data":1},{"data":13}]`))
		if got.Code != protocol.Rejected || got.Message != "Entry 2 of 2: No thirteen." {
			t.Errorf("got %v", got)
		}
		s.nothing("open:a")
		if r := post(s, "open:a", `[{"data":1},{"data":2}]`); r.StatusCode != http.StatusCreated {
			t.Fatalf("status %d", r.StatusCode)
		}
		entries := body[page](t, s.request("GET", "/v1/topics/open:a/events", "")).Entries
		if len(entries) != 2 || string(entries[0].Data)+string(entries[1].Data)+entries[1].Name != "1020seen" {
			t.Errorf("got %+v", entries)
		}
	})
	t.Run("KEY-1/of_a_batch", func(t *testing.T) {
		s := serve(t)
		for range 3 {
			r := post(s, "open:a", `[{"data":1},{"data":2}]`, "Idempotency-Key", "k")
			if p := body[publishedAll](t, r); p.First != 1 || p.Last != 2 {
				t.Errorf("got %+v", p)
			}
		}
		for _, other := range []string{`[{"data":1},{"data":3}]`, `[{"data":1}]`, `[{"data":1},{"data":2},{"data":2}]`, `[{"data":12},{"data":2}]`, `{"data":1}`} {
			if got := failure(t, post(s, "open:a", other, "Idempotency-Key", "k")); got.Code != protocol.IdempotencyConflict {
				t.Errorf("%s: %v", other, got)
			}
		}
	})
	t.Run("KEY-1/keys_count", func(t *testing.T) {
		s := serve(t)
		for i, text := range []string{`[{"key":"a","data":1},{"key":"b","data":2}]`, `{"key":"a","data":1}`} {
			for range 2 {
				if r := post(s, "open:a", text, "Idempotency-Key", fmt.Sprint(i)); r.StatusCode != http.StatusCreated {
					t.Errorf("%s: status %d", text, r.StatusCode)
				}
			}
		}
		for _, c := range [][2]string{
			{"0", `[{"key":"a","data":1},{"key":"a","data":2}]`},
			{"0", `[{"key":"a","data":1},{"data":2}]`},
			{"1", `{"key":"b","data":1}`},
			{"1", `{"name":"a","data":1}`},
			{"1", `{"data":1}`},
		} {
			if got := failure(t, post(s, "open:a", c[1], "Idempotency-Key", c[0])); got.Code != protocol.IdempotencyConflict {
				t.Errorf("%s: %v", c[1], got)
			}
		}
	})
}

func compact(lines []string) []string {
	out := make([]string, len(lines))
	for i, l := range lines {
		out[i] = strings.ReplaceAll(l, " ", "")
	}
	return out
}

// appends returns a function that tells how many entries each append had.
func (s *testServer) appends() func() []int {
	s.t.Helper()
	var mu sync.Mutex
	var sizes []int
	stop, err := s.log.Follow(0, func(a store.Appended) {
		mu.Lock()
		defer mu.Unlock()
		sizes = append(sizes, len(a.Entries))
	})
	must(s.t, err)
	s.t.Cleanup(stop)
	return func() []int {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(sizes)
	}
}

// nothing checks that the topic was never written to.
func (s *testServer) nothing(topic string) {
	s.t.Helper()
	head, err := s.log.Head(s.t.Context(), topic)
	if err != nil || head.Last != 0 {
		s.t.Error(errors.Join(fmt.Errorf("the head is %d", head.Last), err))
	}
}
