package main

import (
	"context"
	stdjson "encoding/json"

	"github.com/tuttisync/tutti/client"
	"github.com/tuttisync/tutti/protocol"
)

// watch says who is in a topic.
func (a *agent) watch(topic string) {
	room := a.client.Topic(topic).Presence()
	room.OnJoin(func(u client.User) { a.say(said{"event": "came", "topic": topic, "user": u.ID}) })
	room.OnLeave(func(u client.User) { a.say(said{"event": "left", "topic": topic, "user": u.ID}) })
	room.OnError(func(err error) { a.say(said{"event": "failed", "topic": topic, "error": protocol.AsError(err).Code}) })
	room.Subscribe(func(users []client.User) {
		ids := []string{}
		for _, u := range users {
			ids = append(ids, u.ID)
		}
		a.say(said{"event": "there", "topic": topic, "users": ids})
	})
}

func (a *agent) enter(c command) {
	go func() {
		if err := a.client.Topic(c.Topic).Presence().Enter(context.Background(), stdjson.RawMessage(c.Data)); err != nil {
			a.say(said{"event": "failed", "topic": c.Topic, "error": protocol.AsError(err).Code})
			return
		}
		a.say(said{"event": "entered", "topic": c.Topic})
	}()
}
