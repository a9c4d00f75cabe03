package tutti_test

import (
	"context"
	"fmt"

	"github.com/tuttisync/tutti"
)

// counted is a server with the numbers 1 to 5 in the topic numbers.
func counted() *tutti.Server {
	srv, err := tutti.New(tutti.Config{})
	if err != nil {
		panic(err)
	}
	for i := 1; i <= 5; i++ {
		if _, err := srv.Publish(context.Background(), "numbers", tutti.Message{Data: i}); err != nil {
			panic(err)
		}
	}
	return srv
}

// print prints n entries.
func print(srv *tutti.Server, from tutti.From, n int) {
	for entry, err := range srv.Read(context.Background(), "numbers", from) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Print(string(entry.Data), " ")
		if n--; n == 0 {
			return
		}
	}
}

func ExampleServer_Read() {
	srv := counted()
	defer srv.Close(context.Background())
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	for entry, err := range srv.Read(ctx, "numbers", tutti.Earliest()) {
		if err != nil {
			fmt.Println("then", err)
			break
		}
		fmt.Println(string(entry.Data))
		if entry.Offset == 5 {
			cancel() // or the loop would wait for a sixth
		}
	}
	// Output:
	// 1
	// 2
	// 3
	// 4
	// 5
	// then context canceled
}

func ExampleServer_Publish() {
	srv := counted()
	defer srv.Close(context.Background())
	at, err := srv.Publish(context.Background(), "numbers", tutti.Message{Name: "six", Data: map[string]int{"n": 6}})
	fmt.Println(at.Offset, err)
	_, err = srv.Publish(context.Background(), "numbers", tutti.Message{Name: "tutti:six", Data: 6})
	fmt.Println(err)
	// Output:
	// 6 <nil>
	// bad_name: The event name "tutti:six" is reserved.
}

func ExampleFrom() {
	srv := counted()
	defer srv.Close(context.Background())
	for _, from := range []tutti.From{tutti.Earliest(), tutti.Last(2)} {
		print(srv, from, 2)
	}
	// Output: 1 2 4 5
}

func ExampleEarliest() {
	srv := counted()
	defer srv.Close(context.Background())
	print(srv, tutti.Earliest(), 5)
	// Output: 1 2 3 4 5
}

func ExampleLast() {
	srv := counted()
	defer srv.Close(context.Background())
	print(srv, tutti.Last(2), 2)
	// Output: 4 5
}

func ExampleNewest() {
	srv := counted()
	defer srv.Close(context.Background())
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for _, err := range srv.Read(ctx, "numbers", tutti.Newest()) {
		fmt.Println(err)
	}
	// Output: context canceled
}

func ExampleAfter() {
	srv := counted()
	defer srv.Close(context.Background())
	var seen tutti.Position
	for entry := range srv.Read(context.Background(), "numbers", tutti.Earliest()) {
		if seen = entry.Position(); seen.Offset == 3 {
			break
		}
	}
	print(srv, tutti.After(seen), 2)
	print(srv, tutti.After(tutti.Position{Term: "AAAAAAAAAAA", Offset: 3}), 1)
	// Output: 4 5 position_lost: The log no longer holds this position.
}

func ExamplePosition() {
	fmt.Println(tutti.Position{Term: "dGVybTEyMzQ", Offset: 42}, tutti.Position{})
	// Output: 42.dGVybTEyMzQ 0
}

func ExampleEntry() {
	srv := counted()
	defer srv.Close(context.Background())
	for entry := range srv.Read(context.Background(), "numbers", tutti.Last(1)) {
		fmt.Println(entry.Offset, entry.Term == entry.Position().Term, entry.Author, string(entry.Data))
		break
	}
	// Output: 5 true <nil> 5
}

func ExampleMessage() {
	srv := counted()
	defer srv.Close(context.Background())
	type price struct {
		Symbol string  `json:"symbol"`
		Price  float64 `json:"price"`
	}
	if _, err := srv.Publish(context.Background(), "stocks:ACME", tutti.Message{Name: "tick", Data: price{"ACME", 1.5}}); err != nil {
		panic(err)
	}
	for entry := range srv.Read(context.Background(), "stocks:ACME", tutti.Earliest()) {
		fmt.Println(entry.Name, string(entry.Data))
		break
	}
	// Output: tick {"symbol":"ACME","price":1.5}
}
