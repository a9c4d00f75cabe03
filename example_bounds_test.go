package tutti_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"strings"

	"github.com/tuttisync/tutti"
)

// A proxy at 192.0.2.1 says who its clients are; each of them may send one
// request a second, and five at once.
func ExampleBounds() {
	srv, err := tutti.New(tutti.Config{
		Namespaces:     map[string]tutti.Namespace{"votes": {Anonymous: []tutti.Verb{"publish"}}},
		Bounds:         tutti.Bounds{Requests: 1},
		TrustedProxies: []string{"192.0.2.1"},
	})
	if err != nil {
		panic(err)
	}
	defer srv.Close(context.Background())
	vote := func(client string) int {
		r := httptest.NewRequest("POST", "/v1/topics/votes:cake/events", strings.NewReader(`{"data":"yes"}`))
		r.RemoteAddr = "192.0.2.1:4711"
		r.Header.Set("X-Forwarded-For", client)
		w := httptest.NewRecorder()
		srv.ServeHTTP(w, r)
		return w.Code
	}
	for range 5 {
		vote("203.0.113.5")
	}
	fmt.Println(vote("203.0.113.5"), vote("203.0.113.6"))
	// Output: 429 201
}
