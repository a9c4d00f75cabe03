package tutti_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/tuttisync/tutti"
)

// beat is a member's heartbeat over HTTP.
func beat(srv *tutti.Server, body string) int {
	w := httptest.NewRecorder()
	srv.ServeHTTP(w, httptest.NewRequest("POST", "http://localhost/v1/topics/office:desk/presence", strings.NewReader(body)))
	return w.Code
}

func ExampleServer_Members() {
	srv, err := tutti.New(tutti.Config{Dev: true})
	if err != nil {
		panic(err)
	}
	defer srv.Close(context.Background())
	beat(srv, `{"client":"my-own-secret","state":{"desk":3}}`)
	members, err := srv.Members("office:desk")
	for _, m := range members {
		fmt.Println(m.Name, string(m.State), err)
	}
	// Output: Guest {"desk":3} <nil>
}

func ExampleMember() {
	fmt.Println(tutti.Member{User: "alice", Name: "Alice"}.Name)
	// Output: Alice
}

// The office is told when its light is to be on.
func ExampleOnOccupancyFunc() {
	light := make(chan bool)
	srv, err := tutti.New(tutti.Config{
		Dev: true,
		OnOccupancy: func(_ context.Context, o tutti.Occupancy) error {
			light <- o.Occupied
			return nil
		},
	})
	if err != nil {
		panic(err)
	}
	defer srv.Close(context.Background())
	beat(srv, `{"client":"my-own-secret"}`)
	fmt.Println(<-light)
	beat(srv, `{"client":"my-own-secret","leave":true}`)
	fmt.Println(<-light)
	// Output:
	// true
	// false
}

func ExampleOccupancy() {
	o := tutti.Occupancy{Topic: "office:desk", Occupied: true}
	fmt.Println(o.Topic, o.Occupied)
	// Output: office:desk true
}

// A lobby tells how many are there, and forgets who left at once.
func ExamplePresence() {
	srv, err := tutti.New(tutti.Config{
		Namespaces: map[string]tutti.Namespace{
			"lobby":  {Presence: tutti.Presence{Mode: tutti.PresenceCount, Grace: time.Second}},
			"office": {Presence: tutti.Presence{Mode: tutti.PresenceNone}},
		},
	})
	if err != nil {
		panic(err)
	}
	defer srv.Close(context.Background())
	_, err = srv.Members("office:desk")
	fmt.Println(err)
	// Output: wrong_type: There is no presence in this namespace.
}

func ExamplePresenceMode() {
	_, err := tutti.New(tutti.Config{Namespaces: map[string]tutti.Namespace{"lobby": {Presence: tutti.Presence{Mode: "some"}}}})
	fmt.Println(err)
	// Output: tutti: Config.Namespaces["lobby"]: there is no presence mode "some"
}
