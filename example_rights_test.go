package tutti_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/tuttisync/tutti"
	"github.com/tuttisync/tutti/auth"
)

// byName authenticates by a header: a stand-in for a session cookie.
func byName(_ context.Context, r *http.Request) (tutti.Identity, error) {
	name := r.Header.Get("X-User")
	if name == "" {
		return tutti.Identity{}, nil
	}
	return tutti.Identity{Sub: name, Grants: []tutti.Grant{{Topics: "chat:*", Verbs: []tutti.Verb{"read", "publish", "history"}}}}, nil
}

// post publishes over HTTP, and prints the answer's status and error.
func post(config tutti.Config, user, body string) {
	srv, err := tutti.New(config)
	if err != nil {
		panic(err)
	}
	defer srv.Close(context.Background())
	r := httptest.NewRequest("POST", "/v1/topics/chat:lobby/events", strings.NewReader(body))
	if user != "" {
		r.Header.Set("X-User", user)
	}
	w := httptest.NewRecorder()
	srv.ServeHTTP(w, r)
	var answer struct{ Error *tutti.Error }
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil {
		panic(err)
	}
	fmt.Print(w.Code)
	if answer.Error != nil {
		fmt.Print(" ", answer.Error)
	}
	fmt.Println()
	if w.Code == http.StatusCreated {
		for entry := range srv.Read(context.Background(), "chat:lobby", tutti.Earliest()) {
			fmt.Println(string(entry.Data))
			return
		}
	}
}

func ExampleAuthenticateFunc() {
	config := tutti.Config{Authenticate: byName}
	post(config, "alice", `{"data":"hi"}`)
	post(config, "", `{"data":"hi"}`)
	// Output:
	// 201
	// "hi"
	// 401 unauthenticated: A token is needed to publish to this topic.
}

func ExampleAuthorizeFunc() {
	config := tutti.Config{Authenticate: byName, Authorize: func(_ context.Context, id tutti.Identity, a tutti.Action) error {
		if id.Sub == "eve" && a.Verb == "publish" {
			return errors.New("eve is muted")
		}
		return nil
	}}
	post(config, "alice", `{"data":"hi"}`)
	post(config, "eve", `{"data":"hi"}`)
	// Output:
	// 201
	// "hi"
	// 403 forbidden: The identity has no right to do this.
}

func ExampleAction() {
	config := tutti.Config{Authenticate: byName, Authorize: func(_ context.Context, _ tutti.Identity, a tutti.Action) error {
		fmt.Println(a.Verb, a.Topic)
		return nil
	}}
	post(config, "alice", `{"data":"hi"}`)
	// Output:
	// publish chat:lobby
	// 201
	// "hi"
}

func ExampleOnPublishFunc() {
	config := tutti.Config{Authenticate: byName, OnPublish: func(_ context.Context, id tutti.Identity, m *tutti.Message) error {
		var text string
		if err := json.Unmarshal(m.Data.(json.RawMessage), &text); err != nil {
			return tutti.Reject("A chat message is a text.")
		}
		m.Data = map[string]string{"from": id.Sub, "text": strings.TrimSpace(text)}
		return nil
	}}
	post(config, "alice", `{"data":"  hi "}`)
	post(config, "alice", `{"data":7}`)
	// Output:
	// 201
	// {"from":"alice","text":"hi"}
	// 422 rejected: A chat message is a text.
}

func ExampleReject() {
	fmt.Println(tutti.Reject("Only 280 letters."))
	// Output: rejected: Only 280 letters.
}

func ExampleError() {
	srv, err := tutti.New(tutti.Config{})
	if err != nil {
		panic(err)
	}
	defer srv.Close(context.Background())
	_, err = srv.Publish(context.Background(), "", tutti.Message{Data: 1})
	var told *tutti.Error
	fmt.Println(errors.As(err, &told), told.Code, told.Retryable)
	// Output: true bad_topic false
}

func ExampleNamespace() {
	config := tutti.Config{Namespaces: map[string]tutti.Namespace{
		"chat": {Memory: true, KeepAge: 24 * time.Hour, Anonymous: []tutti.Verb{"read", "publish"}},
	}}
	post(config, "", `{"data":"from anyone"}`)
	// Output:
	// 201
	// "from anyone"
}

func ExampleLimits() {
	config := tutti.Config{Authenticate: byName, Limits: tutti.Limits{MessageBytes: 100}}
	post(config, "alice", `{"data":"`+strings.Repeat("x", 101)+`"}`)
	// Output: 413 too_large: The data has 103 bytes; 100 are allowed.
}

func ExampleIdentity() {
	id := tutti.Identity{Sub: "alice", Name: "Alice", Grants: []tutti.Grant{{Topics: "files:{sub}:*", Verbs: []tutti.Verb{"read"}}}}
	fmt.Println(id.Anonymous(), tutti.Identity{}.Anonymous(), id.Check())
	// Output: false true <nil>
}

func ExampleGrant() {
	id := tutti.Identity{Sub: "alice", Grants: []tutti.Grant{{Topics: "*{sub}", Verbs: []tutti.Verb{"read"}}}}
	fmt.Println(id.Check())
	// Output: grants[0].topics holds a * that is not its last character
}

func ExampleVerb() {
	fmt.Println(tutti.Verb("read").Valid(), tutti.Verb("listen").Valid())
	// Output: true false
}

func ExampleKey() {
	key := tutti.Key{Kid: "2026", Alg: "HS256", Secret: bytes.Repeat([]byte("s"), 32)}
	token, err := auth.Sign(key, tutti.Identity{Sub: "alice"}, time.Now(), time.Hour)
	fmt.Println(key, token != "", err)
	// Output: HS256 key "2026" true <nil>
}
