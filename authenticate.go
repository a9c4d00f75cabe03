package tutti

import (
	"context"
	"net/http"
)

// AuthenticateFunc finds out who is behind a request: by a session cookie, say.
// For a WebSocket r is the request that opened it, and is asked about when the
// connection says hello; a token that the client brought stands in r's header
// Authorization. An Identity with no Sub is an anonymous visitor.
//
// An [Error] is told to the client; of any other error it learns no more than
// bad_token. It takes the place of Config.Keys.
type AuthenticateFunc func(ctx context.Context, r *http.Request) (Identity, error)
