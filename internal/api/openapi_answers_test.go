package api

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"mime"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/tuttisync/tutti/auth"
	"github.com/tuttisync/tutti/internal/gate"
	"github.com/tuttisync/tutti/internal/hub"
	"github.com/tuttisync/tutti/internal/topic"
	"github.com/tuttisync/tutti/protocol"
	"github.com/tuttisync/tutti/store"
)

// sample is a real request of an operation, and how it is answered.
type sample struct {
	operation string
	path      string // and the query
	body      string
	header    []string
	status    int
	cut       bool // the request ends before its body does
}

func (s sample) name() string {
	return strings.ReplaceAll(s.operation, "/", "_") + "/" + strconv.Itoa(s.status)
}

// fails makes the hook Authenticate return the code.
const fails = "X-Fail"

// Every operation is asked for real, so that it answers with each status that
// is written down for it; each answer fits what is written down.
func TestOpenAPI_answers(t *testing.T) {
	a := loadOpenAPI(t)
	operations := a.operations(t)
	s := sampleServer(t)
	seen := make(map[string]map[int]bool)
	ask := func(s *testServer, all []sample) {
		for _, sample := range all {
			operation, ok := operations[sample.operation]
			if !ok {
				t.Errorf("%s is not in the file", sample.operation)
				continue
			}
			if seen[sample.operation] == nil {
				seen[sample.operation] = make(map[int]bool)
			}
			seen[sample.operation][sample.status] = true
			t.Run(sample.name(), func(t *testing.T) { a.judge(t, s, operation, sample) })
		}
	}
	ask(s, samples(t, s))
	few := bounded(t, gate.Config{AddressConnections: 1})
	few.dial(from, "203.0.113.5")
	ask(few, []sample{{operation: "GET /v1/ws", path: "/v1/ws", header: []string{from, "203.0.113.5"}, status: 429}})
	s.hub.Drain()
	ask(s, []sample{
		{operation: "GET /readyz", path: "/readyz", status: 503},
		{operation: "GET /v1/ws", path: "/v1/ws", status: 503},
		{operation: "POST /v1/sse", path: "/v1/sse", body: `{"type":"hello"}`, status: 503},
		{operation: "GET /v1/poll", path: "/v1/poll?topic=open:a", status: 503},
	})
	for name, operation := range operations {
		for status := range operation["responses"].(map[string]any) {
			if n, err := strconv.Atoi(status); err != nil || !seen[name][n] {
				t.Errorf("%s: the status %s is written down, and was not seen", name, status)
			}
		}
	}
}

func (a *openAPI) judge(t *testing.T, s *testServer, operation map[string]any, c sample) {
	method, _, _ := strings.Cut(c.operation, " ")
	var r *http.Response
	if c.cut {
		r = s.cut(method, c.path, c.body)
	} else {
		r = s.request(method, c.path, c.body, c.header...)
	}
	defer r.Body.Close()
	if r.StatusCode != c.status {
		t.Fatalf("%s %s: status %d, want %d", method, c.path, r.StatusCode, c.status)
	}
	if c.status < 400 {
		a.checkRequest(t, operation, c)
	}
	response, at := a.follow(t, operation["responses"].(map[string]any)[strconv.Itoa(c.status)], place(c.operation, "responses", strconv.Itoa(c.status)))
	content, _ := response["content"].(map[string]any)
	if content == nil {
		if got := r.Header.Get("Content-Type"); got != "" {
			t.Errorf("the content type is %s; none is written down", got)
		}
		return
	}
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || content[kind] == nil {
		t.Fatalf("the content type is %q, %v; written down are %q", r.Header.Get("Content-Type"), err, slices.Collect(maps.Keys(content)))
	}
	if kind != "application/json" {
		return
	}
	body, err := io.ReadAll(r.Body)
	must(t, err)
	a.check(t, at+"/content/application~1json/schema", body)
	if c.status < 400 {
		return
	}
	var failed struct{ Error protocol.Error }
	must(t, json.Unmarshal(body, &failed))
	if codes := xCodes(t, response); !slices.Contains(codes, string(failed.Error.Code)) {
		t.Errorf("the code is %s; written down are %q", failed.Error.Code, codes)
	}
	if (failed.Error.RetryAfter > 0) != (r.Header.Get("Retry-After") != "") {
		t.Errorf("retryAfter is %d, and Retry-After %q", failed.Error.RetryAfter, r.Header.Get("Retry-After"))
	}
}

// cut makes a request that promises more of a body than it brings.
func (s *testServer) cut(method, path, body string) *http.Response {
	s.t.Helper()
	conn, err := net.Dial("tcp", s.Listener.Addr().String())
	must(s.t, err)
	s.t.Cleanup(func() { conn.Close() })
	_, err = fmt.Fprintf(conn, "%s %s HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\n\r\n%s", method, path, conn.RemoteAddr(), len(body)+1, body)
	must(s.t, err)
	must(s.t, conn.(*net.TCPConn).CloseWrite())
	r, err := http.ReadResponse(bufio.NewReader(conn), nil)
	must(s.t, err)
	return r
}

// checkRequest checks that what a good request says is written down.
func (a *openAPI) checkRequest(t *testing.T, operation map[string]any, c sample) {
	t.Helper()
	if c.body != "" {
		if operation["requestBody"] == nil {
			t.Errorf("no body is written down")
			return
		}
		a.check(t, place(c.operation, "requestBody", "content", "application/json", "schema"), []byte(c.body))
	}
	parameters, _ := operation["parameters"].([]any)
	_, path, _ := strings.Cut(c.operation, " ")
	shared, _ := a.doc["paths"].(map[string]any)[path].(map[string]any)["parameters"].([]any)
	known := map[string]bool{"header Authorization": true}
	for _, p := range append(shared, parameters...) {
		parameter, _ := a.follow(t, p, c.operation)
		known[parameter["in"].(string)+" "+parameter["name"].(string)] = true
	}
	request, err := http.NewRequest(http.MethodGet, c.path, nil)
	must(t, err)
	for name := range request.URL.Query() {
		if !known["query "+name] {
			t.Errorf("the parameter %s is not written down", name)
		}
	}
	for i := 0; i < len(c.header); i += 2 {
		name := c.header[i]
		if !known["header "+name] && !strings.HasPrefix(name, "Sec-") && name != "Upgrade" && name != "Connection" {
			t.Errorf("the header %s is not written down", name)
		}
	}
}

// fullLog has no room for what is written to open:full, cards:full and notes:full.
type fullLog struct{ store.Log }

func (l fullLog) Append(ctx context.Context, topic string, b store.Batch) error {
	if strings.HasSuffix(topic, ":full") {
		return store.ErrFull
	}
	return l.Log.Append(ctx, topic, b)
}

func sampleServer(t *testing.T) *testServer {
	t.Helper()
	var s *testServer
	s = serve(t, func(set *settings) {
		full := fullLog{set.hub.Durable}
		set.hub.Durable, set.hub.Memory = full, full
		signing := set.signing
		set.hub.Hooks.Authenticate = func(_ context.Context, r *http.Request) (auth.Identity, error) {
			if code := r.Header.Get(fails); code != "" {
				return auth.Identity{}, protocol.Errorf(protocol.Code(code), "").After(1)
			}
			token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
			if token == "" {
				return auth.Identity{}, nil
			}
			verifier, err := auth.NewVerifier(signing)
			if err != nil {
				return auth.Identity{}, err
			}
			return verifier.Verify(token, s.now())
		}
		set.hub.Hooks.Publish = func(_ context.Context, _ auth.Identity, m *hub.Message) error {
			if string(m.Data) == `"reject"` {
				return protocol.Errorf(protocol.Rejected, "No.")
			}
			return nil
		}
	})
	return s
}

// samples are what TestOpenAPI_answers asks for. Beside each operation's own
// there are those of every operation that finds out who asks.
func samples(t *testing.T, s *testServer) []sample {
	t.Helper()
	admin := bearer(s.token(0, grant("*", auth.Admin)))
	nobody := bearer(s.token(0, grant("elsewhere:*", auth.Read)))
	secret := newSecret(t)
	for i := range 3 {
		s.tell("chat:room", "note", strconv.Itoa(i))
	}
	before := []store.Row{{Key: topic.VersionsAfter + "v1", Value: []byte(`{}`)}} // the disk was full
	must(t, s.log.Append(t.Context(), "cards:full", store.Batch{Rows: before}))
	hello := func(more string) string {
		return fmt.Sprintf(`{"type":"hello","clients":[{"secret":%q,"run":2}]%s}`, secret, more)
	}
	heldSecret := newSecret(t)
	holder := s.dial()
	holder.say(fmt.Sprintf(`{"type":"hello","clients":[{"secret":%q,"run":9}]}`, heldSecret))
	holder.hear()
	stale := fmt.Sprintf(`{"type":"hello","clients":[{"secret":%q,"run":1}]}`, heldSecret)
	known := []string{"If-None-Match", "*"}
	upgrade := []string{
		"Connection", "Upgrade", "Upgrade", "websocket", "Sec-WebSocket-Version", "13",
		"Sec-WebSocket-Key", "AAAAAAAAAAAAAAAAAAAAAA==", "Sec-WebSocket-Protocol", protocol.Version,
	}
	const (
		publish    = "POST /v1/topics/{topic}/events"
		history    = "GET /v1/topics/{topic}/events"
		truncate   = "DELETE /v1/topics/{topic}/events"
		redact     = "DELETE /v1/topics/{topic}/events/{offset}"
		topics     = "GET /v1/topics"
		disconnect = "POST /v1/disconnect"
		document   = "GET /v1/docs/{topic}"
		edit       = "POST /v1/docs/{topic}/ops"
		changes    = "GET /v1/docs/{topic}/history"
		blame      = "GET /v1/docs/{topic}/blame"
		restore    = "POST /v1/docs/{topic}/restore"
		versions   = "GET /v1/docs/{topic}/versions"
		version    = "GET /v1/docs/{topic}/versions/{name}"
		keep       = "PUT /v1/docs/{topic}/versions/{name}"
		forget     = "DELETE /v1/docs/{topic}/versions/{name}"
		attendance = "GET /v1/topics/{topic}/presence"
		heartbeat  = "POST /v1/topics/{topic}/presence"
		here       = "/v1/topics/chat:room/presence"
		notes      = "/v1/docs/notes:room"
		room       = "/v1/topics/chat:room/events"
		nowhere    = "/v1/topics/nowhere:a/events"

		nowherePresence = "/v1/topics/nowhere:a/presence"
		cards           = "/v1/docs/cards:room"
		large           = `{"op":{"op":"set","key":"a","value":{"text":"`
	)
	key := func(k string) []string { return append(slices.Clone(admin), "Idempotency-Key", k) }
	all := []sample{
		{publish, room, `{"data":{"a":1}}`, admin, 201, false},
		{publish, room, `{"name":"note","data":null}`, key("k"), 201, false},
		{publish, room, `[{"name":"note","data":1},{"data":[]}]`, key("l"), 201, false},
		{publish, "/v1/topics/open:a/events", `{"data":1}`, nil, 201, false},
		{publish, room, `{"data":`, admin, 400, false},
		{publish, room, `[]`, admin, 400, false},
		{publish, nowhere, `{"data":1}`, admin, 404, false},
		{publish, room, `{"data":"` + strings.Repeat("x", 300<<10) + `"}`, admin, 413, false},
		{publish, room, `{"data":"reject"}`, admin, 422, false},
		{publish, room, `{"data":"other"}`, key("k"), 422, false},
		{publish, "/v1/topics/open:full/events", `{"data":1}`, nil, 507, false},

		{heartbeat, here, `{"client":"a tab's","state":{"x":1}}`, admin, 400, false},
		{heartbeat, here, `{"client":"tab-of-mine","state":{"x":1}}`, admin, 200, false},
		{heartbeat, here, `{"client":"tab-of-yours","away":true}`, admin, 200, false},
		{heartbeat, nowherePresence, `{"client":"tab-of-mine"}`, admin, 404, false},
		{heartbeat, "/v1/topics/silent:a/presence", `{"client":"tab-of-mine"}`, admin, 409, false},
		{heartbeat, here, `{"client":"tab-of-mine","state":"` + strings.Repeat("x", 300<<10) + `"}`, admin, 413, false},
		{attendance, here, "", admin, 200, false},
		{attendance, here + "?limit=1&after=x", "", admin, 200, false},
		{attendance, here + "?limit=x", "", admin, 400, false},
		{attendance, nowherePresence, "", admin, 404, false},
		{attendance, "/v1/topics/silent:a/presence", "", admin, 409, false},

		{history, room, "", admin, 200, false},
		{history, room + "?after=1&limit=1", "", admin, 200, false},
		{history, room + "?before=3", "", admin, 200, false},
		{history, room + "?after=x", "", admin, 400, false},
		{history, nowhere, "", admin, 404, false},

		{redact, room + "/2", "", admin, 200, false},
		{redact, room + "/x", "", admin, 400, false},
		{redact, room + "/999", "", admin, 404, false},
		{history, room, "", admin, 200, false}, // a redacted entry among it

		{truncate, room + "?before=2", "", admin, 200, false},
		{truncate, room, "", admin, 400, false},
		{truncate, nowhere + "?before=1", "", admin, 404, false},
		{redact, room + "/1", "", admin, 410, false},

		{topics, "/v1/topics", "", admin, 200, false},
		{topics, "/v1/topics?prefix=ch&after=a&limit=10", "", admin, 200, false},
		{topics, "/v1/topics?limit=0", "", admin, 400, false},

		{edit, cards + "/ops", `{"op":{"op":"set","key":"a","value":{"text":"do","done":false}}}`, key("m"), 201, false},
		{edit, cards + "/ops", `{"base":1,"op":{"op":"patch","key":"a","set":{"done":true},"if":[{"is":"present"}]}}`, admin, 201, false},
		{edit, cards + "/ops", `{"op":{"op":"patch","key":"a"}}`, admin, 400, false},
		{edit, cards + "/ops", `{"op":{"op":"delete","key":"b"}}`, admin, 404, false},
		{edit, cards + "/ops", `{"base":0,"op":{"op":"delete","key":"a","ifUnseen":"reject"}}`, admin, 409, false},
		{edit, cards + "/ops", `{"base":9,"op":{"op":"delete","key":"a"}}`, admin, 409, false},
		{edit, "/v1/docs/chat:room/ops", `{"op":1}`, admin, 409, false},
		{edit, cards + "/ops", `{"op":{"op":"delete","key":"a","if":[{"is":"absent"}]}}`, admin, 412, false},
		{edit, cards + "/ops", large + strings.Repeat("x", 300<<10) + `"}}}`, admin, 413, false},
		{edit, cards + "/ops", `{"op":{"op":"delete","key":"a"}}`, key("m"), 422, false},
		{edit, "/v1/docs/cards:full/ops", `{"op":{"op":"set","key":"a","value":{}}}`, admin, 507, false},
		{publish, "/v1/topics/cards:room/events", `{"data":{"op":"set","key":"b","value":{}}}`, admin, 201, false},
		{publish, "/v1/topics/cards:room/events", `[{"data":{"op":"set","key":"b","value":{}}},{"data":{"op":"delete","key":"b"}}]`, admin, 409, false},
		{publish, "/v1/topics/cards:room/events", `{"data":{"op":"delete","key":"b","if":[{"is":"absent"}]}}`, admin, 412, false},
		{history, "/v1/topics/cards:room/events", "", admin, 200, false},

		{document, cards, "", admin, 200, false},
		{document, cards + "?at=1", "", admin, 200, false},
		{document, cards + "?at=x", "", admin, 400, false},
		{document, cards + "?at=9", "", admin, 404, false},
		{document, "/v1/docs/chat:room", "", admin, 409, false},
		{truncate, "/v1/topics/cards:room/events?before=3", "", admin, 200, false},
		{document, cards + "?at=1", "", admin, 410, false},

		{edit, notes + "/ops", `{"op":[[0,0,"one"]]}`, admin, 201, false},
		{edit, notes + "/ops", `{"base":1,"replace":"one two"}`, key("n"), 201, false},
		{edit, notes + "/ops", `{"base":1,"replace":"three"}`, key("n"), 422, false},
		{edit, notes + "/ops", `{"op":[],"replace":""}`, admin, 400, false},
		{edit, cards + "/ops", `{"replace":""}`, admin, 409, false},
		{publish, "/v1/topics/notes:room/events", `{"data":[[0,0,"> "]]}`, admin, 201, false},
		{history, "/v1/topics/notes:room/events", "", admin, 200, false},
		{document, notes, "", admin, 200, false},

		{changes, notes + "/history", "", admin, 200, false},
		{changes, cards + "/history?before=9&limit=1", "", admin, 200, false},
		{changes, cards + "/history?limit=0", "", admin, 400, false},
		{changes, "/v1/docs/nowhere:a/history", "", admin, 404, false},
		{changes, "/v1/docs/chat:room/history", "", admin, 409, false},

		{blame, notes + "/blame", "", admin, 200, false},
		{blame, notes + "/blame?at=1", "", admin, 200, false},
		{blame, notes + "/blame?at=x", "", admin, 400, false},
		{blame, notes + "/blame?at=9", "", admin, 404, false},
		{blame, cards + "/blame", "", admin, 409, false},

		{keep, notes + "/versions/v1", `{"offset":1}`, admin, 201, false},
		{keep, notes + "/versions/v1", "", admin, 200, false},
		{keep, cards + "/versions/v1", `{}`, admin, 201, false},
		{keep, notes + "/versions/v%201", "", admin, 400, false},
		{keep, notes + "/versions/v2", `{"offset":9}`, admin, 404, false},
		{keep, "/v1/docs/chat:room/versions/v1", "", admin, 409, false},
		{keep, cards + "/versions/v2", `{"offset":1}`, admin, 410, false},
		{keep, notes + "/versions/v2", strings.Repeat(" ", 300<<10), admin, 413, false},
		{keep, "/v1/docs/cards:full/versions/v2", "", admin, 507, false},
		{versions, notes + "/versions", "", admin, 200, false},
		{versions, "/v1/docs/" + strings.Repeat("x", 300) + "/versions", "", admin, 400, false},
		{versions, "/v1/docs/nowhere:a/versions", "", admin, 404, false},
		{versions, "/v1/docs/chat:room/versions", "", admin, 409, false},
		{version, notes + "/versions/v1", "", admin, 200, false},
		{version, cards + "/versions/v1", "", admin, 200, false},
		{version, notes + "/versions/v%201", "", admin, 400, false},
		{version, notes + "/versions/v2", "", admin, 404, false},
		{version, "/v1/docs/chat:room/versions/v1", "", admin, 409, false},

		{restore, notes + "/restore", `{"version":"v1"}`, key("r"), 201, false},
		{restore, notes + "/restore", `{"offset":1}`, admin, 201, false},
		{restore, notes + "/restore", `{"version":"v1","offset":1}`, admin, 400, false},
		{restore, notes + "/restore", `{"version":"v2"}`, admin, 404, false},
		{restore, cards + "/restore", `{"version":"v1"}`, admin, 409, false},
		{restore, notes + "/restore", strings.Repeat(" ", 300<<10), admin, 413, false},
		{restore, notes + "/restore", `{"offset":1}`, key("r"), 422, false},
		{restore, "/v1/docs/notes:full/restore", `{"offset":0}`, admin, 507, false},
		{truncate, "/v1/topics/notes:room/events?before=3", "", admin, 200, false},
		{restore, notes + "/restore", `{"offset":1}`, admin, 410, false},
		{blame, notes + "/blame?at=1", "", admin, 410, false},

		{forget, notes + "/versions/v1", "", admin, 200, false},
		{forget, notes + "/versions/v%201", "", admin, 400, false},
		{forget, notes + "/versions/v1", "", admin, 404, false},
		{forget, "/v1/docs/chat:room/versions/v1", "", admin, 409, false},
		{forget, "/v1/docs/cards:full/versions/v1", "", admin, 507, false},

		{disconnect, "/v1/disconnect", `{"sub":"nobody"}`, admin, 200, false},
		{disconnect, "/v1/disconnect", `{"client":"AAAA","return":true}`, admin, 200, false},
		{disconnect, "/v1/disconnect", `{}`, admin, 400, false},
		{disconnect, "/v1/disconnect", strings.Repeat(" ", 300<<10), admin, 413, false},

		{"GET /v1/sse", "/v1/sse?topic=chat:room&topic=open:a&last=2&wrap=1", "", admin, 200, false},
		{"GET /v1/sse", "/v1/sse?topic=chat:room&from=earliest&else=new", "", append(slices.Clone(admin), "Last-Event-ID", "0"), 200, false},
		{"GET /v1/sse", "/v1/sse?topic=chat:room&cursor=x", "", admin, 400, false},
		{"GET /v1/sse", "/v1/sse?topic=nowhere:a", "", admin, 404, false},

		{"GET /v1/poll", "/v1/poll?topic=chat:room&topic=open:a&last=2", "", admin, 200, false},
		{"GET /v1/poll", "/v1/poll?topic=chat:room&from=earliest&else=new", "", admin, 200, false},
		{"GET /v1/poll", "/v1/poll?topic=chat:room&cursor=1.AAAAAAAAAAA&wait=1ms", "", admin, 200, false}, // a reset
		{"GET /v1/poll", "/v1/poll?topic=chat:room&wait=x", "", admin, 400, false},
		{"GET /v1/poll", "/v1/poll?topic=nowhere:a", "", admin, 404, false},

		{"POST /v1/sse", "/v1/sse", hello(`,"topics":[{"topic":"open:a","from":{"last":1}}]`), nil, 200, false},
		{"POST /v1/sse", "/v1/sse", `{"type":"hello","clients":7}`, nil, 400, false},
		{"POST /v1/sse", "/v1/sse", stale, nil, 409, false},
		{"POST /v1/sse", "/v1/sse", strings.Repeat(" ", 300<<10), nil, 413, false},
		{"POST /v1/poll", "/v1/poll?wait=0", hello(`,"topics":[{"topic":"open:a","from":"earliest","else":"new"}]`), nil, 200, false},
		{"POST /v1/poll", "/v1/poll?wait=x", hello(""), nil, 400, false},
		{"POST /v1/poll", "/v1/poll", stale, nil, 409, false},
		{"POST /v1/poll", "/v1/poll", strings.Repeat(" ", 300<<10), nil, 413, false},
		{"POST /v1/commands", "/v1/commands", `[` + hello("") + `,{"type":"publish","topic":"open:a","seq":1,"data":1},{"type":"history","id":1,"topic":"open:a"},{"type":"ping"}]`, nil, 200, false},
		{"POST /v1/commands", "/v1/commands", `[{"type":"ping"}]`, nil, 400, false},
		{"POST /v1/commands", "/v1/commands", `[` + stale + `]`, nil, 409, false},
		{"POST /v1/commands", "/v1/commands", strings.Repeat(" ", 300<<10), nil, 413, false},

		{"POST /v1/sse", "/v1/sse", hello(""), nil, 408, true},
		{"POST /v1/poll", "/v1/poll", hello(""), nil, 408, true},
		{"POST /v1/commands", "/v1/commands", `[` + hello("") + `]`, nil, 408, true},

		{"GET /v1/ws", "/v1/ws", "", upgrade, 101, false},
		{"GET /v1/ws", "/v1/ws", "", nil, 400, false},

		{"GET /v1/client.js", "/v1/client.js", "", nil, 200, false},
		{"GET /v1/client.js", "/v1/client.js", "", known, 304, false},
		{"GET /v1/fallback.js", "/v1/fallback.js", "", nil, 200, false},
		{"GET /v1/fallback.js", "/v1/fallback.js", "", known, 304, false},
		{"GET /v1/text.js", "/v1/text.js", "", nil, 200, false},
		{"GET /v1/text.js", "/v1/text.js", "", known, 304, false},
		{"GET /v1/keep.js", "/v1/keep.js", "", nil, 200, false},
		{"GET /v1/keep.js", "/v1/keep.js", "", known, 304, false},
		{"GET /v1/share.js", "/v1/share.js", "", nil, 200, false},
		{"GET /v1/share.js", "/v1/share.js", "", known, 304, false},
		{"GET /v1/share-worker.js", "/v1/share-worker.js", "", nil, 200, false},
		{"GET /v1/share-worker.js", "/v1/share-worker.js", "", known, 304, false},
		{"GET /v1/network.js", "/v1/network.js", "", nil, 200, false},
		{"GET /v1/network.js", "/v1/network.js", "", known, 304, false},
		{"GET /v1/banner.js", "/v1/banner.js", "", nil, 200, false},
		{"GET /v1/banner.js", "/v1/banner.js", "", known, 304, false},
		{"GET /v1/optimistic.js", "/v1/optimistic.js", "", nil, 200, false},
		{"GET /v1/optimistic.js", "/v1/optimistic.js", "", known, 304, false},
		{"GET /healthz", "/healthz", "", nil, 200, false},
		{"GET /readyz", "/readyz", "", nil, 200, false},
		{"GET /metrics", "/metrics", "", nil, 200, false},
	}
	asked := []sample{
		{publish, room, `{"data":1}`, nil, 0, false},
		{history, room, "", nil, 0, false},
		{truncate, room + "?before=1", "", nil, 0, false},
		{redact, room + "/3", "", nil, 0, false},
		{topics, "/v1/topics", "", nil, 0, false},
		{disconnect, "/v1/disconnect", `{"sub":"nobody"}`, nil, 0, false},
		{attendance, here, "", nil, 0, false},
		{heartbeat, here, `{"client":"tab-of-mine"}`, nil, 0, false},
		{document, cards, "", nil, 0, false},
		{edit, cards + "/ops", `{"op":{"op":"set","key":"a","value":{}}}`, nil, 0, false},
		{changes, cards + "/history", "", nil, 0, false},
		{blame, notes + "/blame", "", nil, 0, false},
		{restore, notes + "/restore", `{"offset":0}`, nil, 0, false},
		{versions, cards + "/versions", "", nil, 0, false},
		{version, cards + "/versions/v1", "", nil, 0, false},
		{keep, cards + "/versions/v1", "", nil, 0, false},
		{forget, cards + "/versions/v1", "", nil, 0, false},
		{"GET /v1/sse", "/v1/sse?topic=chat:room", "", nil, 0, false},
		{"GET /v1/poll", "/v1/poll?topic=chat:room", "", nil, 0, false},
		{"POST /v1/sse", "/v1/sse", hello(""), nil, 0, false},
		{"POST /v1/poll", "/v1/poll?wait=0", hello(""), nil, 0, false},
		{"POST /v1/commands", "/v1/commands", `[` + hello("") + `]`, nil, 0, false},
	}
	for _, c := range asked {
		for _, code := range []protocol.Code{
			protocol.Unauthenticated, protocol.Forbidden, protocol.RateLimited, protocol.HookFailed, protocol.Overloaded,
		} {
			c.header, c.status = []string{fails, string(code)}, protocol.Errorf(code, "").Kind().Status
			if c.operation == "GET /v1/sse" && protocol.Errorf(code, "").Retryable {
				continue // 200, see SSE-6
			}
			all = append(all, c)
		}
		if !strings.HasPrefix(c.operation, "POST /v1/") || c.operation == publish || slices.Contains([]string{disconnect, edit, restore}, c.operation) {
			c.header, c.status = nil, http.StatusUnauthorized
			all = append(all, c)
			c.header, c.status = nobody, http.StatusForbidden
			all = append(all, c)
		}
	}
	for _, operation := range []string{"GET /v1/ws", "GET /v1/client.js", "GET /v1/fallback.js", "GET /v1/text.js", "GET /v1/keep.js", "GET /v1/share.js", "GET /v1/share-worker.js", "GET /v1/network.js", "GET /v1/banner.js", "GET /v1/optimistic.js", "GET /healthz", "GET /readyz", "GET /metrics"} {
		_, path, _ := strings.Cut(operation, " ")
		all = append(all, sample{operation: operation, path: path, header: []string{"Origin", "https://evil.example"}, status: http.StatusForbidden})
	}
	return all
}
