package client_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"os"

	"github.com/tuttisync/tutti"
	"github.com/tuttisync/tutti/client"
	"github.com/tuttisync/tutti/protocol"
	"github.com/tuttisync/tutti/records"
)

// connected is a server for development with a client of it.
func connected() (c *client.Client, end func()) {
	srv, err := tutti.New(tutti.Config{Dev: true})
	if err != nil {
		panic(err)
	}
	web := httptest.NewServer(srv)
	c, err = client.Connect(web.URL, client.Options{})
	if err != nil {
		panic(err)
	}
	return c, func() {
		c.Close()
		srv.Close(context.Background())
		web.Close()
	}
}

func ExampleOpenRecords() {
	c, end := connected()
	defer end()
	type Task struct {
		Title string `json:"title"`
		Done  bool   `json:"done"`
	}
	tasks := client.OpenRecords[Task](c, "records:tasks", client.RecordsOptions{})
	defer tasks.Close()

	milk, _ := tasks.InsertAfter("", Task{Title: "milk"})
	tasks.InsertAfter(milk, Task{Title: "tea"})
	tasks.Patch(milk, map[string]bool{"done": true}, client.If(records.Equals(false).On("done")))
	for _, task := range tasks.All() {
		fmt.Println(task.Title, task.Done)
	}

	again := tasks.Patch(milk, map[string]bool{"done": true}, client.If(records.Equals(false).On("done")))
	_, err := again.Result()
	fmt.Println(again.Status(), protocol.AsError(err).Code)
	// Output:
	// milk true
	// tea false
	// rejected precondition_failed
}

func ExampleClient_Outbox() {
	dir, err := os.MkdirTemp("", "notes")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	open := func() (*client.Client, *client.Text) {
		const nowhere = "http://127.0.0.1:1" // there is no network
		c, err := client.Connect(nowhere, client.Options{Dir: dir, User: "ann"})
		if err != nil {
			panic(err)
		}
		return c, client.OpenText(c, "text:note", client.DocumentOptions{Offline: true})
	}
	c, note := open()
	note.Insert(0, "milk")
	c.Close()

	c, note = open() // a later life of the same client
	fmt.Printf("%q\n", note.Value())
	for _, e := range c.Outbox().Entries() {
		fmt.Println(e.Topic, e.Doc, e.Data, e.Sent)
	}
	if err := c.Forget(context.Background()); err != nil { // signed out
		panic(err)
	}
	// Output:
	// "milk"
	// text:note text [[0,0,"milk"]] false
}

func ExampleOpenSet() {
	c, end := connected()
	defer end()
	tags := client.OpenSet[string](c, "set:tags", client.DocumentOptions{})
	defer tags.Close()
	tags.Add("urgent", "home")
	tags.Remove("home")
	fmt.Println(tags.Values(), tags.Has("home"))
	// Output: [urgent] false
}

func ExampleOpenCounter() {
	c, end := connected()
	defer end()
	likes := client.OpenCounter(c, "counter:likes", client.DocumentOptions{})
	defer likes.Close()
	made := likes.Add(2)
	fmt.Println(made.Local)
	ack, err := made.Result() // the server has it
	fmt.Println(likes.Confirmed(), ack.Offset, err)
	// Output:
	// 2
	// 2 1 <nil>
}

func ExampleTopic_Presence() {
	c, end := connected()
	defer end()
	room := c.Topic("room:7").Presence()
	there := make(chan []client.User, 100)
	room.Subscribe(func(users []client.User) { there <- users })
	room.OnLeave(func(u client.User) { fmt.Println(u.ID, "left, last seen", u.LastSeen) })

	type State struct {
		Typing bool `json:"typing"`
	}
	if err := room.Enter(context.Background(), State{}); err != nil {
		panic(err)
	}
	room.Update(State{Typing: true})
	for users := range there {
		var state State
		if len(users) == 1 && users[0].Decode(&state) == nil && state.Typing {
			fmt.Println(len(users), "is here, with", len(users[0].Sessions), "session, typing")
			break
		}
	}
	// Output: 1 is here, with 1 session, typing
}
