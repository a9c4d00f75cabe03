package session

import (
	"testing"
	"time"
)

// on is a talk on another road, let in.
func on(t *testing.T, road Road) *talk {
	t.Helper()
	k := &talk{t: t, s: New(&config, "s1", road, start), now: start}
	k.say(`{"type":"hello"}`)
	k.s.Authenticated(k.now, alice, nil)
	k.s.Claimed(k.now, nil)
	if !k.s.Welcomed() {
		t.Fatal("not let in")
	}
	return k
}

func TestRoad_ROAD_2_a_stream_says_ping_and_expects_nothing(t *testing.T) {
	k := on(t, Stream)
	for at := 25 * time.Second; at <= 5*time.Minute; at += 25 * time.Second {
		k.expect(k.after(at - 1))
		k.expect(k.after(at), "say ping")
		if next := k.s.Deadline(); !next.Equal(k.now.Add(25 * time.Second)) {
			t.Fatalf("the next tick is due at %s", next.Sub(k.now))
		}
	}
}

func TestRoad_ROAD_1_a_stream_hears_hello_alone(t *testing.T) {
	k := on(t, Stream)
	k.expect(k.say(`{"type":"history","id":7,"topic":"a"}`), "say error 7 bad_message")
}

func TestRoad_ROAD_4_a_batch(t *testing.T) {
	k := on(t, Batch)
	k.expect(k.say(`{"type":"ping"}`), "say pong")
	k.expect(k.say(`{"type":"subscribe","id":1,"topic":"a"}`), "say error 1 bad_message")
	k.expect(k.say(`{"type":"unsubscribe","id":2,"topic":"a"}`), "say error 2 bad_message")
	k.expect(k.say(`{"type":"auth","id":3,"token":"t"}`), "say error 3 bad_message")
	k.expect(k.after(time.Hour))
	k = &talk{t: t, s: New(&config, "s1", Batch, start), now: start}
	k.expect(k.say(`{"type":"hello","topics":[{"topic":"a"}]}`), "end bad_message")
}
