package tutti

import "context"

// Action is something that somebody wants to do.
type Action struct {
	Verb  Verb
	Topic string // empty: the server as a whole, to list its topics
}

// AuthorizeFunc refuses what the grants of an identity allow: nil lets it pass.
// It is asked after the grants, for every command. An [Error] is told to the
// client; of any other error it learns no more than forbidden.
type AuthorizeFunc func(ctx context.Context, id Identity, action Action) error

func (c *Config) authorize() func(context.Context, Identity, Verb, string) error {
	if c.Authorize == nil {
		return nil
	}
	return func(ctx context.Context, id Identity, verb Verb, topic string) error {
		return c.Authorize(ctx, id, Action{Verb: verb, Topic: topic})
	}
}
