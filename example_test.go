package tutti_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/tuttisync/tutti"
)

// The smallest program: a server in memory, an entry, and a reader.
func Example() {
	ctx := context.Background()
	srv, err := tutti.New(tutti.Config{})
	if err != nil {
		panic(err)
	}
	defer srv.Close(ctx)
	if _, err := srv.Publish(ctx, "chat:lobby", tutti.Message{Data: "hello"}); err != nil {
		panic(err)
	}
	for entry, err := range srv.Read(ctx, "chat:lobby", tutti.Earliest()) {
		fmt.Println(entry.Offset, string(entry.Data), err)
		break
	}
	// Output: 1 "hello" <nil>
}

func ExampleNew() {
	_, err := tutti.New(tutti.Config{Namespaces: map[string]tutti.Namespace{"a:b": {}}})
	fmt.Println(err)
	// Output: tutti: Config.Namespaces: "a:b" is not a namespace: it is the part of a topic before the first colon
}

func ExampleConfig() {
	srv, err := tutti.New(tutti.Config{
		Namespaces: map[string]tutti.Namespace{
			"news": {KeepCount: 10_000, Anonymous: []tutti.Verb{"read", "history"}},
			"chat": {},
		},
		Keys:    []tutti.Key{{Alg: "HS256", Secret: []byte("a secret of at least 32 bytes, from a file")}},
		Origins: []string{"https://app.example.com"},
	})
	if err != nil {
		panic(err)
	}
	defer srv.Close(context.Background())
	_, err = srv.Publish(context.Background(), "weather:paris", tutti.Message{Data: 21})
	fmt.Println(err)
	// Output: unknown_namespace: The namespace "weather" is not configured.
}

func ExampleServer() {
	srv, err := tutti.New(tutti.Config{})
	if err != nil {
		panic(err)
	}
	defer srv.Close(context.Background())
	mux := http.NewServeMux()
	mux.Handle("/realtime/", http.StripPrefix("/realtime", srv))

	w := httptest.NewRecorder()
	mux.ServeHTTP(w, httptest.NewRequest("GET", "/realtime/readyz", nil))
	fmt.Print(w.Code, " ", w.Body)
	// Output: 200 ready
}

func ExampleServer_ServeHTTP() {
	srv, err := tutti.New(tutti.Config{})
	if err != nil {
		panic(err)
	}
	defer srv.Close(context.Background())
	w := httptest.NewRecorder()
	srv.ServeHTTP(w, httptest.NewRequest("GET", "/v1/topics/chat:lobby/events", nil))
	fmt.Print(w.Code, " ", w.Body)
	// Output: 401 {"error":{"code":"unauthenticated","message":"A token is needed to read the history of this topic.","retryable":false}}
}

func ExampleServer_Stream() {
	ctx := context.Background()
	srv, err := tutti.New(tutti.Config{})
	if err != nil {
		panic(err)
	}
	requireUser := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if _, err := r.Cookie("user"); err != nil {
				http.Error(w, "log in first", http.StatusUnauthorized)
				return
			}
			next.ServeHTTP(w, r)
		})
	}
	live := requireUser(srv.Stream("stocks:prices"))
	if _, err := srv.Publish(ctx, "stocks:prices", tutti.Message{Name: "tick", Data: 7}); err != nil {
		panic(err)
	}

	w := httptest.NewRecorder()
	live.ServeHTTP(w, httptest.NewRequest("GET", "/api/live?from=earliest", nil))
	fmt.Println(w.Code)

	w = httptest.NewRecorder()
	r := httptest.NewRequest("GET", "/api/live?from=earliest", nil)
	r.AddCookie(&http.Cookie{Name: "user", Value: "alice"})
	if err := srv.Close(ctx); err != nil { // what would follow never comes
		panic(err)
	}
	live.ServeHTTP(w, r)
	fmt.Print(w.Code, " ", w.Header().Get("Content-Type"), " ", w.Body)
	// Output:
	// 401
	// 200 text/event-stream retry: 2000
}

func ExampleServer_Drain() {
	srv, err := tutti.New(tutti.Config{})
	if err != nil {
		panic(err)
	}
	defer srv.Close(context.Background())
	srv.Drain()
	w := httptest.NewRecorder()
	srv.ServeHTTP(w, httptest.NewRequest("GET", "/readyz", nil))
	fmt.Println(w.Code)
	// Output: 503
}

func ExampleServer_Close() {
	ctx := context.Background()
	srv, err := tutti.New(tutti.Config{})
	if err != nil {
		panic(err)
	}
	fmt.Println(srv.Close(ctx), srv.Close(ctx))
	_, err = srv.Publish(ctx, "chat:lobby", tutti.Message{Data: 1})
	fmt.Println(err)
	// Output:
	// <nil> <nil>
	// draining: The server is shutting down; reconnect.
}

func ExampleServer_PublishAll() {
	ctx := context.Background()
	srv, err := tutti.New(tutti.Config{})
	if err != nil {
		panic(err)
	}
	defer srv.Close(ctx)
	first, last, err := srv.PublishAll(ctx, "chat:lobby", tutti.Message{Data: "one"}, tutti.Message{Name: "note", Data: "two"})
	fmt.Println(first.Offset, last.Offset, err)
	_, _, err = srv.PublishAll(ctx, "chat:lobby", tutti.Message{Data: "three"}, tutti.Message{Name: "no name"})
	fmt.Println(err)
	// Output:
	// 1 2 <nil>
	// bad_name: Entry 2 of 2: The event name holds a character other than A-Z a-z 0-9 _ . : -
}
