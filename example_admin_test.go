package tutti_test

import (
	"context"
	"fmt"

	"github.com/tuttisync/tutti"
)

func ExampleServer_Truncate() {
	ctx := context.Background()
	srv, err := tutti.New(tutti.Config{})
	if err != nil {
		panic(err)
	}
	defer srv.Close(ctx)
	for i := range 3 {
		if _, err := srv.Publish(ctx, "log", tutti.Message{Data: i}); err != nil {
			panic(err)
		}
	}
	fmt.Println(srv.Truncate(ctx, "log", 3))
	for entry, err := range srv.Read(ctx, "log", tutti.Earliest()) {
		fmt.Println(entry.Offset, string(entry.Data), err)
		break
	}
	// Output:
	// <nil>
	// 3 2 <nil>
}

func ExampleServer_Redact() {
	ctx := context.Background()
	srv, err := tutti.New(tutti.Config{})
	if err != nil {
		panic(err)
	}
	defer srv.Close(ctx)
	if _, err := srv.Publish(ctx, "chat:lobby", tutti.Message{Data: "my number is 555-0100"}); err != nil {
		panic(err)
	}
	fmt.Println(srv.Redact(ctx, "chat:lobby", 1))
	for entry, err := range srv.Read(ctx, "chat:lobby", tutti.Earliest()) {
		fmt.Println(entry.Offset, entry.Redacted, string(entry.Data), err)
		break
	}
	fmt.Println(srv.Redact(ctx, "chat:lobby", 2))
	// Output:
	// <nil>
	// 1 true null <nil>
	// not_found: The topic has no entry 2.
}

func ExampleServer_Disconnect() {
	ctx := context.Background()
	srv, err := tutti.New(tutti.Config{})
	if err != nil {
		panic(err)
	}
	defer srv.Close(ctx)
	fmt.Println(srv.Disconnect(ctx, "mallory", false))
	// Output: 0 <nil>
}
