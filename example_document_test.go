package tutti_test

import (
	"context"
	"fmt"

	"github.com/tuttisync/tutti"
	"github.com/tuttisync/tutti/counter"
	"github.com/tuttisync/tutti/records"
)

// planned is a server with two tasks in the document tasks:home.
func planned() *tutti.Server {
	srv, err := tutti.New(tutti.Config{Namespaces: map[string]tutti.Namespace{"tasks": {Type: "records"}}})
	if err != nil {
		panic(err)
	}
	for _, key := range []string{"milk", "tea"} {
		op := records.Set{Key: key, Value: map[string]bool{"done": false}}
		if _, err := srv.Edit(context.Background(), "tasks:home", op); err != nil {
			panic(err)
		}
	}
	return srv
}

func ExampleServer_Document() {
	srv := planned()
	defer srv.Close(context.Background())
	value, at, err := srv.Document(context.Background(), "tasks:home")
	fmt.Println(string(value), at.Offset, err)
	_, _, err = srv.Document(context.Background(), "chat:home")
	fmt.Println(err)
	// Output:
	// {"milk":{"done":false},"tea":{"done":false}} 2 <nil>
	// unknown_namespace: The namespace "chat" is not configured.
}

func ExampleServer_DocumentAt() {
	srv := planned()
	defer srv.Close(context.Background())
	value, _, err := srv.DocumentAt(context.Background(), "tasks:home", 1)
	fmt.Println(string(value), err)
	_, _, err = srv.DocumentAt(context.Background(), "tasks:home", 3)
	fmt.Println(err)
	// Output:
	// {"milk":{"done":false}} <nil>
	// not_found: The document has no entry 3.
}

func ExampleServer_Edit() {
	srv, err := tutti.New(tutti.Config{Namespaces: map[string]tutti.Namespace{"visits": {Type: "counter"}}})
	if err != nil {
		panic(err)
	}
	defer srv.Close(context.Background())
	for range 3 {
		if _, err := srv.Edit(context.Background(), "visits:home", counter.Add{N: 1}); err != nil {
			panic(err)
		}
	}
	value, at, err := srv.Document(context.Background(), "visits:home")
	fmt.Println(string(value), at.Offset, err)
	// Output: 3 3 <nil>
}

// A change of what somebody else has changed since is refused, if it says so.
func ExampleServer_EditSince() {
	srv := planned()
	defer srv.Close(context.Background())
	ctx := context.Background()
	_, seen, err := srv.Document(ctx, "tasks:home")
	if err != nil {
		panic(err)
	}
	if _, err := srv.Edit(ctx, "tasks:home", records.Patch{Key: "tea", Set: map[string]bool{"done": true}}); err != nil {
		panic(err)
	}
	late := records.Delete{Key: "tea", IfUnseen: records.Reject}
	_, err = srv.EditSince(ctx, "tasks:home", seen.Offset, late)
	fmt.Println(err)
	// Output: overwrites_unseen: The field "done" of the record "tea" was written since at an offset that the author had not seen.
}

// A form that holds a text as a string loses nothing of what others wrote while it
// was open.
func ExampleServer_ReplaceTextSince() {
	srv, err := tutti.New(tutti.Config{Namespaces: map[string]tutti.Namespace{"letters": {Type: "text"}}})
	if err != nil {
		panic(err)
	}
	defer srv.Close(context.Background())
	ctx := context.Background()
	seen, err := srv.ReplaceText(ctx, "letters:ann", "Dear Ann, see you soon.")
	if err != nil {
		panic(err)
	}
	if _, err := srv.ReplaceText(ctx, "letters:ann", "Dear Ann, see you soon. Love, Bob"); err != nil {
		panic(err)
	}
	if _, err := srv.ReplaceTextSince(ctx, "letters:ann", seen.Offset, "Dear Ann, see you on Monday."); err != nil {
		panic(err)
	}
	value, at, err := srv.Document(ctx, "letters:ann")
	fmt.Println(string(value), at.Offset, err)
	// Output: "Dear Ann, see you on Monday. Love, Bob" 3 <nil>
}

func ExampleServer_ReplaceText() {
	srv, err := tutti.New(tutti.Config{Namespaces: map[string]tutti.Namespace{"letters": {Type: "text"}, "visits": {Type: "counter"}}})
	if err != nil {
		panic(err)
	}
	defer srv.Close(context.Background())
	for _, text := range []string{"Dear Ann", "Dear Anne,"} {
		if _, err := srv.ReplaceText(context.Background(), "letters:ann", text); err != nil {
			panic(err)
		}
	}
	value, at, err := srv.Document(context.Background(), "letters:ann")
	fmt.Println(string(value), at.Offset, err)
	_, err = srv.ReplaceText(context.Background(), "visits:home", "7")
	fmt.Println(err)
	// Output:
	// "Dear Anne," 2 <nil>
	// wrong_type: The topic is a document of type counter; this is for texts.
}
