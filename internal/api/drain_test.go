package api

import (
	"context"
	"testing"

	"github.com/tuttisync/tutti/protocol"
)

// A connection by POST publishes until its turn has come; then it comes back
// elsewhere.
func TestDrain_DRAIN_2_commands_by_POST(t *testing.T) {
	s := serve(t, func(set *settings) { set.hub.Drain = patience })
	secret := newSecret(t)
	commands := "[" + hello(secret, 1, "") + `,{"type":"publish","topic":"open:a","seq":1,"data":1}]`
	first, second := s.posted("/v1/sse", hello(newSecret(t), 1, "")), s.posted("/v1/sse", hello(secret, 1, ""))
	first.types(1)
	second.types(1)

	s.hub.Drain()
	if got := first.types(2); got != "close" {
		t.Errorf("the first stream goes on with %q", got)
	}
	if got := s.posted("/v1/commands", commands).types(3); got != "welcome ack" {
		t.Errorf("commands are answered %q", got)
	}
	if got := failure(t, s.request("POST", "/v1/sse", hello(secret, 2, ""))); got.Code != protocol.Draining || got.RetryAfter == 0 {
		t.Errorf("a new stream is answered %v", got)
	}

	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	must(t, s.hub.Close(ctx))
	if got := second.types(2); got != "close" {
		t.Errorf("the second stream goes on with %q", got)
	}
	if got := failure(t, s.request("POST", "/v1/commands", commands)); got.Code != protocol.Draining {
		t.Errorf("when all have gone commands are answered %v", got)
	}
}
