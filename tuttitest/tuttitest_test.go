package tuttitest_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/tuttisync/tutti"
	"github.com/tuttisync/tutti/auth"
	"github.com/tuttisync/tutti/client"
	"github.com/tuttisync/tutti/protocol"
	"github.com/tuttisync/tutti/tuttitest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const patience = 20 * time.Second

func TestNew(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	s := tuttitest.New(t)
	if ack, err := s.Client().Topic("chat:lobby").Publish(ctx, "hello", client.PublishOptions{}); err != nil || ack.Offset != 1 {
		t.Fatalf("got %+v, %v", ack, err)
	}
	for e, err := range s.Client().Topic("chat:lobby").Read(ctx, tutti.Earliest()) {
		if err != nil || string(e.Data) != `"hello"` || !strings.HasPrefix(e.Author.Sub, "guest-") {
			t.Errorf("got %+v, %v", e, err)
		}
		break
	}
	response, err := http.Get(s.URL + "/readyz")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		t.Errorf("/readyz answers %d", response.StatusCode)
	}
}

func TestNew_with_a_config(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	key := tutti.Key{Alg: auth.HS256, Secret: []byte(strings.Repeat("s", auth.MinSecretBytes))}
	s := tuttitest.New(t, tutti.Config{Keys: []tutti.Key{key}})
	token, err := auth.Sign(key, tutti.Identity{Sub: "alice", Grants: auth.FullRights()}, time.Now(), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	alice := s.Client(client.Options{StaticToken: token})
	if _, err := alice.Topic("a").Publish(ctx, 1, client.PublishOptions{}); err != nil {
		t.Error(err)
	}
	if _, err := s.Client().Topic("a").Publish(ctx, 1, client.PublishOptions{}); protocol.AsError(err).Code != protocol.Unauthenticated {
		t.Errorf("without a token: %v", err)
	}
}

// All ends with the test, although a client is connected and reads.
func TestNew_ends_with_the_test(t *testing.T) {
	var s *tuttitest.Server
	t.Run("inner", func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		s = tuttitest.New(t)
		topic := s.Client().Topic("a")
		topic.Subscribe(func(client.Entry) {}, client.SubscribeOptions{})
		if _, err := topic.Publish(ctx, 1, client.PublishOptions{}); err != nil {
			t.Fatal(err)
		}
	})
	if _, err := s.Server.Publish(t.Context(), "a", tutti.Message{Data: 1}); protocol.AsError(err).Code != protocol.Draining {
		t.Errorf("the server still runs: %v", err)
	}
	goleak.VerifyNone(t)
}
