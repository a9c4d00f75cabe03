package api

import (
	"cmp"
	"context"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/tuttisync/tutti/auth"
	"github.com/tuttisync/tutti/internal/hub"
	"github.com/tuttisync/tutti/protocol"
)

// visitor is what somebody comes with.
type visitor string

const (
	noToken    visitor = "no token"
	expired    visitor = "an expired token"
	wrongGrant visitor = "a wrong grant"
	rightGrant visitor = "the right grant"
)

// usual is how a command that needs a right ends for each visitor.
var usual = map[visitor]protocol.Code{
	noToken:    protocol.Unauthenticated,
	expired:    protocol.TokenExpired,
	wrongGrant: protocol.Forbidden,
	rightGrant: "",
}

// absent is how a command ends that needs one who has entered.
var absent = map[visitor]protocol.Code{
	noToken:    protocol.Unauthenticated,
	expired:    protocol.TokenExpired,
	wrongGrant: protocol.Forbidden,
	rightGrant: protocol.NotFound,
}

// free is how a command ends that needs no right.
var free = map[visitor]protocol.Code{noToken: "", expired: "", wrongGrant: "", rightGrant: ""}

const (
	rightsTopic    = "chat:room"
	rightsDocument = "cards:room"
	rightsText     = "notes:room"
)

// rightsRow is one command: the right that it needs, how it ends for each
// visitor, and how to give it.
type rightsRow struct {
	verb auth.Verb // empty: none
	also auth.Verb // that it needs beside it; empty: none
	on   string    // the topic; empty: rightsTopic
	want map[visitor]protocol.Code
	// One of the two: over a live WebSocket, or as a road of its own.
	said func(w *wire) protocol.Code
	road func(s *testServer, token string) protocol.Code
}

func overHTTP(method, path, body string) func(*testServer, string) protocol.Code {
	return func(s *testServer, token string) protocol.Code {
		return failure(s.t, s.request(method, path, body, bearer(token)...)).Code
	}
}

// overVersion is overHTTP on a version that is there.
func overVersion(method string) func(*testServer, string) protocol.Code {
	return func(s *testServer, token string) protocol.Code {
		full := auth.Identity{Sub: "alice", Grants: auth.FullRights()}
		_, _, err := s.hub.KeepVersion(context.Background(), hub.Version{Identity: full, Topic: rightsDocument, Name: "v1"})
		must(s.t, err)
		return overHTTP(method, "/v1/docs/"+rightsDocument+"/versions/v1", "")(s, token)
	}
}

// rights has a row for every message that a client can say, and every route.
var rights = map[string]rightsRow{
	protocol.TypeHello: {verb: auth.Read, want: usual, road: func(s *testServer, token string) protocol.Code {
		w := s.dial()
		w.say(fmt.Sprintf(`{"type":"hello","token":%q,"topics":[{"topic":%q}]}`, token, rightsTopic))
		m := w.hear()
		if m.Type == "welcome" {
			m = w.hear()
		}
		return m.code()
	}},
	protocol.TypeAuth: {
		verb: auth.Read,
		want: map[visitor]protocol.Code{
			noToken:    protocol.BadMessage,
			expired:    protocol.TokenExpired,
			wrongGrant: protocol.Forbidden,
			rightGrant: "",
		},
		road: func(s *testServer, token string) protocol.Code {
			w := s.connect(s.token(0, grant(rightsTopic, auth.Read)))
			w.ask(fmt.Sprintf(`{"type":"subscribe","id":1,"topic":%q}`, rightsTopic))
			m := w.ask(fmt.Sprintf(`[{"type":"auth","id":2,"token":%q},{"type":"ping"}]`, token))
			if m.Type == "authenticated" {
				m = w.hear()
			}
			return m.code()
		},
	},
	protocol.TypeProve: {want: map[visitor]protocol.Code{expired: protocol.TokenExpired}, said: func(w *wire) protocol.Code {
		return w.ask(`{"type":"prove","id":1}`).code()
	}},
	protocol.TypeSubscribe: {verb: auth.Read, want: usual, said: func(w *wire) protocol.Code {
		return w.ask(fmt.Sprintf(`{"type":"subscribe","id":1,"topic":%q}`, rightsTopic)).code()
	}},
	protocol.TypePublish: {verb: auth.Publish, want: usual, said: func(w *wire) protocol.Code {
		return w.ask(fmt.Sprintf(`{"type":"publish","topic":%q,"seq":1,"data":1}`, rightsTopic)).code()
	}},
	protocol.TypeHistory: {verb: auth.History, want: usual, said: func(w *wire) protocol.Code {
		return w.ask(fmt.Sprintf(`{"type":"history","id":1,"topic":%q}`, rightsTopic)).code()
	}},
	protocol.TypeUnsubscribe: {want: free, said: func(w *wire) protocol.Code {
		return w.ask(fmt.Sprintf(`{"type":"unsubscribe","id":1,"topic":%q}`, rightsTopic)).code()
	}},
	protocol.TypePing: {want: free, said: func(w *wire) protocol.Code {
		return w.ask(`{"type":"ping"}`).code()
	}},
	protocol.TypePong: {want: free, said: func(w *wire) protocol.Code {
		return w.ask(`[{"type":"pong"},{"type":"ping"}]`).code()
	}},

	protocol.TypeWatch: {verb: auth.Read, want: usual, said: func(w *wire) protocol.Code {
		return w.ask(fmt.Sprintf(`{"type":"watch","id":1,"topic":%q}`, rightsTopic)).code()
	}},
	protocol.TypeUnwatch: {want: free, said: func(w *wire) protocol.Code {
		return w.ask(fmt.Sprintf(`{"type":"unwatch","id":1,"topic":%q}`, rightsTopic)).code()
	}},
	protocol.TypeEnter: {verb: auth.Presence, want: usual, said: func(w *wire) protocol.Code {
		return w.ask(fmt.Sprintf(`{"type":"enter","id":1,"topic":%q}`, rightsTopic)).code()
	}},
	protocol.TypeUpdate: {verb: auth.Presence, want: absent, said: func(w *wire) protocol.Code {
		return w.ask(fmt.Sprintf(`{"type":"update","id":1,"topic":%q,"state":1}`, rightsTopic)).code()
	}},
	protocol.TypeSignal: {verb: auth.Presence, want: absent, said: func(w *wire) protocol.Code {
		return w.ask(fmt.Sprintf(`{"type":"signal","id":1,"topic":%q,"name":"wave"}`, rightsTopic)).code()
	}},
	protocol.TypeLeave: {want: free, said: func(w *wire) protocol.Code {
		return w.ask(fmt.Sprintf(`{"type":"leave","id":1,"topic":%q}`, rightsTopic)).code()
	}},
	"GET /v1/topics/{topic}/presence": {verb: auth.Read, want: usual, road: overHTTP("GET", "/v1/topics/"+rightsTopic+"/presence", "")},
	"POST /v1/topics/{topic}/presence": {verb: auth.Presence, want: usual, road: overHTTP(
		"POST", "/v1/topics/"+rightsTopic+"/presence", `{"client":"tab-of-mine"}`,
	)},

	// To open a WebSocket needs no right: hello and what follows do.
	"GET /v1/ws": {want: free, road: func(s *testServer, token string) protocol.Code {
		s.dial(bearer(token)...)
		return ""
	}},
	"GET /v1/sse": {verb: auth.Read, want: usual, road: overHTTP("GET", "/v1/sse?topic="+rightsTopic, "")},
	"POST /v1/sse": {verb: auth.Read, want: usual, road: func(s *testServer, token string) protocol.Code {
		return firstCode(s.posted("/v1/sse", fmt.Sprintf(`{"type":"hello","token":%q,"topics":[{"topic":%q}]}`, token, rightsTopic)), 2)
	}},
	"POST /v1/poll": {verb: auth.Read, want: usual, road: func(s *testServer, token string) protocol.Code {
		return firstCode(s.posted("/v1/poll?wait=0", fmt.Sprintf(`{"type":"hello","token":%q,"topics":[{"topic":%q}]}`, token, rightsTopic)), 2)
	}},
	"POST /v1/commands": {verb: auth.Publish, want: usual, road: func(s *testServer, token string) protocol.Code {
		return firstCode(s.posted("/v1/commands", fmt.Sprintf(
			`[{"type":"hello","token":%q,"clients":[{"secret":%q,"run":1}]},{"type":"publish","topic":%q,"seq":1,"data":1}]`,
			token, newSecret(s.t), rightsTopic)), 2)
	}},
	"GET /v1/poll":                     {verb: auth.Read, want: usual, road: overHTTP("GET", "/v1/poll?topic="+rightsTopic, "")},
	"POST /v1/topics/{topic}/events":   {verb: auth.Publish, want: usual, road: overHTTP("POST", "/v1/topics/"+rightsTopic+"/events", `{"data":1}`)},
	"GET /v1/topics/{topic}/events":    {verb: auth.History, want: usual, road: overHTTP("GET", "/v1/topics/"+rightsTopic+"/events", "")},
	"GET /v1/topics":                   {verb: auth.Admin, want: usual, road: overHTTP("GET", "/v1/topics", "")},
	"DELETE /v1/topics/{topic}/events": {verb: auth.Admin, want: usual, road: overHTTP("DELETE", "/v1/topics/"+rightsTopic+"/events?before=1", "")},
	"DELETE /v1/topics/{topic}/events/{offset}": {verb: auth.Admin, want: usual, road: func(s *testServer, token string) protocol.Code {
		s.tell(rightsTopic, "", "1")
		return overHTTP("DELETE", "/v1/topics/"+rightsTopic+"/events/1", "")(s, token)
	}},
	"GET /v1/docs/{topic}": {verb: auth.Read, on: rightsDocument, want: usual, road: overHTTP("GET", "/v1/docs/"+rightsDocument, "")},
	"POST /v1/docs/{topic}/ops": {verb: auth.Edit, on: rightsDocument, want: usual, road: overHTTP(
		"POST", "/v1/docs/"+rightsDocument+"/ops", `{"op":{"op":"set","key":"a","value":{}}}`,
	)},
	"GET /v1/docs/{topic}/history": {verb: auth.History, on: rightsDocument, want: usual, road: overHTTP("GET", "/v1/docs/"+rightsDocument+"/history", "")},
	"GET /v1/docs/{topic}/blame":   {verb: auth.History, on: rightsText, want: usual, road: overHTTP("GET", "/v1/docs/"+rightsText+"/blame", "")},
	"POST /v1/docs/{topic}/restore": {verb: auth.Edit, also: auth.History, on: rightsText, want: usual, road: overHTTP(
		"POST", "/v1/docs/"+rightsText+"/restore", `{"offset":0}`,
	)},
	"GET /v1/docs/{topic}/versions":           {verb: auth.History, on: rightsDocument, want: usual, road: overHTTP("GET", "/v1/docs/"+rightsDocument+"/versions", "")},
	"GET /v1/docs/{topic}/versions/{name}":    {verb: auth.History, on: rightsDocument, want: usual, road: overVersion("GET")},
	"PUT /v1/docs/{topic}/versions/{name}":    {verb: auth.Edit, on: rightsDocument, want: usual, road: overVersion("PUT")},
	"DELETE /v1/docs/{topic}/versions/{name}": {verb: auth.Edit, on: rightsDocument, want: usual, road: overVersion("DELETE")},

	"POST /v1/disconnect":     {verb: auth.Admin, want: usual, road: overHTTP("POST", "/v1/disconnect", `{"sub":"bob"}`)},
	"GET /v1/client.js":       {want: free, road: overHTTP("GET", "/v1/client.js", "")},
	"GET /v1/fallback.js":     {want: free, road: overHTTP("GET", "/v1/fallback.js", "")},
	"GET /v1/text.js":         {want: free, road: overHTTP("GET", "/v1/text.js", "")},
	"GET /v1/keep.js":         {want: free, road: overHTTP("GET", "/v1/keep.js", "")},
	"GET /v1/share.js":        {want: free, road: overHTTP("GET", "/v1/share.js", "")},
	"GET /v1/share-worker.js": {want: free, road: overHTTP("GET", "/v1/share-worker.js", "")},
	"GET /v1/network.js":      {want: free, road: overHTTP("GET", "/v1/network.js", "")},
	"GET /v1/optimistic.js":   {want: free, road: overHTTP("GET", "/v1/optimistic.js", "")},
	"GET /v1/banner.js":       {want: free, road: overHTTP("GET", "/v1/banner.js", "")},
	"GET /healthz":            {want: free, road: overHTTP("GET", "/healthz", "")},
	"GET /readyz":             {want: free, road: overHTTP("GET", "/readyz", "")},
	"GET /metrics":            {want: free, road: overHTTP("GET", "/metrics", "")},
	"GET /":                   {want: free, road: overHTTP("GET", "/", "")},
}

func TestRights(t *testing.T) {
	for _, command := range commands(t) {
		row, ok := rights[command]
		if !ok {
			t.Errorf("%s has no row in the table of rights", command)
			continue
		}
		for _, who := range []visitor{noToken, expired, wrongGrant, rightGrant} {
			t.Run("AUTH-2/"+strings.ReplaceAll(command, "/", "_")+"/"+string(who), func(t *testing.T) {
				if got, want := row.run(serve(t, withSite), who), row.want[who]; got != want {
					t.Errorf("%s with %s ends in %q, want %q", command, who, got, want)
				}
			})
		}
	}
	for command := range rights {
		if !slices.Contains(commands(t), command) {
			t.Errorf("the table of rights has a row for %s, which is no command", command)
		}
	}
}

func withSite(s *settings) {
	s.api.Site = fstest.MapFS{"index.html": {Data: []byte("<!doctype html>")}}
}

// ttl is how long the token lives that is to expire.
const ttl = 2 * time.Second

func (r rightsRow) run(s *testServer, who visitor) protocol.Code {
	token := ""
	switch who {
	case expired:
		token = s.token(ttl, r.grant())
	case wrongGrant:
		token = s.token(0, r.wrong()...)
	case rightGrant:
		token = s.token(0, r.grant())
	}
	if r.road != nil {
		if who == expired {
			s.ahead.Add(int64(2 * ttl))
		}
		return r.road(s, token)
	}
	w := s.connect(token)
	if who == expired {
		s.ahead.Add(int64(2 * ttl))
	}
	return r.said(w)
}

// grant is just the right that the command needs.
func (r rightsRow) grant() auth.Grant {
	switch r.verb {
	case "":
		return grant("chat:elsewhere", auth.Read)
	case auth.Admin:
		return grant("*", auth.Admin)
	}
	verbs := []auth.Verb{r.verb}
	if r.also != "" {
		verbs = append(verbs, r.also)
	}
	return grant(cmp.Or(r.on, rightsTopic), verbs...)
}

// wrong is all but that: every other verb, and the verb elsewhere.
func (r rightsRow) wrong() []auth.Grant {
	var others []auth.Verb
	for _, v := range auth.Verbs() {
		if v != r.verb && v != auth.Admin {
			others = append(others, v)
		}
	}
	elsewhere := []auth.Grant{grant("*", others...)}
	if r.verb != "" {
		topic := cmp.Or(r.on, rightsTopic)
		elsewhere = append(elsewhere, grant(topic+"y", r.verb), grant(topic[:len(topic)-1], r.verb), grant("open:*", r.verb))
	}
	return elsewhere
}

var routePattern = regexp.MustCompile(`^[A-Z]+ /`)

// commands are all messages that the server understands, and all its routes,
// as the sources name them.
func commands(t *testing.T) []string {
	t.Helper()
	var found []string
	for _, name := range append(literals(t, "../../protocol/message.go"), literals(t, "../../protocol/presence.go")...) {
		_, err := protocol.DecodeCommand([]byte(`{"type":`+strconv.Quote(name)+`}`), protocol.DefaultLimits())
		if err == nil || protocol.AsError(err).Code != protocol.UnknownType {
			found = append(found, name)
		}
	}
	messages := len(found)
	for _, text := range literals(t, "api.go") {
		if routePattern.MatchString(text) {
			found = append(found, text)
		}
	}
	if messages < 8 || len(found)-messages < 8 {
		t.Fatalf("only these commands were found: %q", found)
	}
	return found
}

// literals are the string literals of a source file that stand for themselves
// or as constants; tags of structs and imports are none.
func literals(t *testing.T, file string) []string {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
	must(t, err)
	var found []string
	ast.Inspect(parsed, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.ImportSpec, *ast.Field:
			return false
		case *ast.BasicLit:
			if n.Kind == token.STRING {
				text, err := strconv.Unquote(n.Value)
				must(t, err)
				found = append(found, text)
			}
		}
		return true
	})
	return found
}
