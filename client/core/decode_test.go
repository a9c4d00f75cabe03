package core

import (
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"pgregory.net/rapid"

	"github.com/tuttisync/tutti/protocol"
)

// FuzzDecodeMessage gives a live core whatever a server could say: it is
// refused, passed over or taken, and leaves a wish that is not in the past.
func FuzzDecodeMessage(f *testing.F) {
	for _, seed := range []string{
		`{"type":"welcome","session":"s","clients":["c"],"ping":25000,"grace":10000,"limits":{"messageBytes":1,"frameBytes":1}}`,
		`{"type":"entry","topic":"t","offset":1,"term":"modelmodel0","time":1,"data":{}}`,
		`{"type":"entry","topic":"t","offset":9,"skipped":8,"term":"modelmodel0","time":1,"data":{}}`,
		`{"type":"subscribed","topic":"t","offset":0,"recovered":true}`,
		`{"type":"unsubscribed","topic":"t","error":{"code":"overloaded","message":"","retryable":true,"retryAfter":-5}}`,
		`{"type":"ack","topic":"t","client":"c","seq":1,"offset":9}`,
		`{"type":"refused","topic":"t","client":"c","seq":1,"error":{"code":"?","message":"","retryable":true,"retryAfter":9223372036854775807}}`,
		`{"type":"rejected","topic":"t","client":"c","seq":1,"error":{"code":"client_expired","message":"","retryable":false}}`,
		`{"type":"gap","topic":"t","client":"c","seq":1,"expected":18446744073709551615}`,
		`{"type":"watching","topic":"t","epoch":"e","version":0,"recovered":false,"count":0,"users":0,"grace":5000}`,
		`{"type":"presence","topic":"t","from":3,"version":3,"time":1,"count":0,"users":0}`,
		`{"type":"unwatched","topic":"t"}`, `{"type":"entered","topic":"t","client":"c"}`, `{"type":"left","client":"c","id":1}`,
		`{"type":"history","id":3,"topic":"t","first":1,"head":{"offset":0},"entries":[]}`,
		`{"type":"authenticated","id":1}`, `{"type":"error","id":1,"error":{"code":"forbidden","message":"","retryable":false}}`,
		`{"type":"close","error":{"code":"draining","message":"","retryable":true}}`, `{"type":"ping"}`, `{"type":"new"}`, `{}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		message, err := DecodeMessage(jsontext.Value(raw))
		if err != nil {
			if message != nil || protocol.AsError(err).Code != protocol.BadMessage {
				t.Fatalf("%v with %v", err, message)
			}
			return
		}
		c := New(Options{
			Random: func() float64 { return 0.5 },
			Secret: func() protocol.Secret { return "20781.q83vEjRWeJCrze8SNFZ4kA" },
		})
		c.Step(0, Connect{})
		c.Step(0, Opened{})
		c.Step(0, Message{message})
		c.Step(0, Message{&protocol.Welcome{Ping: 1000, Grace: 1000, Limits: protocol.DefaultLimits()}})
		c.Step(0, Publish{Key: 1, Topic: "t", Data: jsontext.Value("1")})
		c.Step(0, Publish{Key: 2, Topic: "t", Data: jsontext.Value("2")})
		c.Step(0, Subscribe{Handler: 3, Topic: "t", From: protocol.FromEarliest()})
		c.Step(0, History{Key: 4, Topic: "t"})
		c.Step(1, Aside{message})
		c.Step(1, Message{message})
		c.Step(1, Message{message})
		if w := c.wish(); w < 1 {
			t.Fatalf("the wish is %d", w)
		}
	})
}

func TestDecodeMessage(t *testing.T) {
	for _, tc := range []struct{ name, message string }{
		{"no_json", `{"type":`},
		{"no_object", `7`},
		{"entry_without_data", `{"type":"entry","topic":"t","offset":1,"term":"modelmodel0","time":1}`},
		{"entry_at_0", `{"type":"entry","topic":"t","offset":0,"term":"modelmodel0","time":1,"data":1}`},
		{"entry_that_skips_too_much", `{"type":"entry","topic":"t","offset":2,"skipped":2,"term":"modelmodel0","time":1,"data":1}`},
		{"seq_of_the_wrong_shape", `{"type":"ack","topic":"t","client":"c","seq":"1"}`},
		{"refused_without_error", `{"type":"refused","topic":"t","client":"c","seq":1}`},
		{"presence_that_goes_back", `{"type":"presence","topic":"t","from":3,"version":2,"time":1,"count":0,"users":0}`},
		{"watching_of_the_wrong_shape", `{"type":"watching","topic":"t","epoch":"e","version":-1,"recovered":false,"count":0,"users":0,"grace":0}`},
		{"close_without_error", `{"type":"close"}`},
		{"welcome_without_limits", `{"type":"welcome","session":"s","ping":1,"grace":1}`},
	} {
		t.Run("FRAME-2_"+tc.name, func(t *testing.T) {
			if m, err := DecodeMessage(jsontext.Value(tc.message)); err == nil {
				t.Errorf("%s was read as %#v", tc.message, m)
			}
		})
	}
	// A watcher that was told all of a tick before it was over is told nothing.
	if m, err := DecodeMessage(jsontext.Value(`{"type":"presence","topic":"t","from":3,"version":3,"time":1,"count":0,"users":0}`)); m == nil || err != nil {
		t.Errorf("PRES-8: a presence without change: %v, %v", m, err)
	}
	if m, err := DecodeMessage(jsontext.Value(`{"type":"tomorrow"}`)); m != nil || err != nil {
		t.Errorf("an unknown type: %v, %v", m, err)
	}
	m, err := DecodeMessage(jsontext.Value(`{"type":"ack","topic":"t","client":"c","seq":1,"news":[]}`))
	if a, ok := m.(*protocol.Ack); !ok || a.Seq != 1 || err != nil {
		t.Errorf("an unknown member: %v, %v", m, err)
	}
}

// TestVoids compares the ranges with a set of single seqs.
func TestVoids(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var v voids
		naive := map[uint64]bool{}
		for range rapid.IntRange(0, 20).Draw(t, "adds") {
			first := rapid.Uint64Range(1, 40).Draw(t, "first")
			last := first + rapid.Uint64Range(0, 5).Draw(t, "length")
			v = v.add(first, last)
			for s := first; s <= last; s++ {
				naive[s] = true
			}
		}
		cut := rapid.Uint64Range(1, 45).Draw(t, "cut")
		same(t, v, func(s uint64) bool { return naive[s] })
		same(t, v.above(cut), func(s uint64) bool { return naive[s] && s > cut })
		same(t, v.below(cut), func(s uint64) bool { return naive[s] && s < cut })
	})
}

func same(t *rapid.T, v voids, naive func(uint64) bool) {
	for i, r := range v {
		if r[1] < r[0] || i > 0 && r[0] <= v[i-1][1]+1 {
			t.Fatalf("%v is not ascending ranges apart from each other", v)
		}
	}
	for s := uint64(0); s < 50; s++ {
		in := false
		for _, r := range v {
			in = in || r[0] <= s && s <= r[1]
		}
		if in != naive(s) {
			t.Fatalf("%v: seq %d is wrong", v, s)
		}
	}
}
