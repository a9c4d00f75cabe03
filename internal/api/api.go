// Package api is a server's HTTP face: it routes, judges origins, finds out who
// asks, and turns errors of the table into answers (rules HTTP and AUTH of
// spec/protocol.md).
package api

import (
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"strings"

	"github.com/tuttisync/tutti/auth"
	"github.com/tuttisync/tutti/internal/gate"
	"github.com/tuttisync/tutti/internal/hub"
	"github.com/tuttisync/tutti/internal/metrics"
	"github.com/tuttisync/tutti/internal/transport/post"
	"github.com/tuttisync/tutti/internal/transport/sse"
	"github.com/tuttisync/tutti/internal/transport/ws"
	"github.com/tuttisync/tutti/protocol"
)

// Config is what a Server is made of. Every field must be set but those that
// say otherwise.
type Config struct {
	Hub     *hub.Hub
	Limits  protocol.Limits
	Origins Origins
	WS      ws.Config
	SSE     sse.Config
	Post    post.Config // its Request, Enter and Ask are set by New
	Gate    *gate.Gate  // nil: addresses and users have no bounds
	Proxies gate.Proxies
	Metrics *metrics.Metrics
	Modules map[string][]byte // the browser client's, by the names of their files
	Site    fs.FS             // served at /; nil: nothing is
	Logger  *slog.Logger
}

// Server is the handler of all paths.
type Server struct {
	config Config
	mux    *http.ServeMux
}

// New makes a server.
func New(config Config) *Server {
	s := &Server{config: config, mux: http.NewServeMux()}
	s.config.Post.Request, s.config.Post.Enter, s.config.Post.Ask = s.asked, s.enter, s.ask
	s.route("GET /v1/ws", s.webSocket)
	s.route("GET /v1/sse", s.events)
	s.route("POST /v1/sse", s.config.Post.Stream)
	s.route("POST /v1/poll", s.config.Post.Poll)
	s.route("POST /v1/commands", s.config.Post.Commands)
	s.route("GET /v1/poll", s.poll)
	s.route("POST /v1/topics/{topic}/events", s.publish)
	s.route("GET /v1/topics/{topic}/events", s.history)
	s.route("DELETE /v1/topics/{topic}/events", s.truncate)
	s.route("DELETE /v1/topics/{topic}/events/{offset}", s.redact)
	s.route("GET /v1/topics/{topic}/presence", s.attendance)
	s.route("POST /v1/topics/{topic}/presence", s.heartbeat)
	s.route("GET /v1/topics", s.topics)
	s.route("GET /v1/docs/{topic}", s.document)
	s.route("POST /v1/docs/{topic}/ops", s.edit)
	s.route("GET /v1/docs/{topic}/history", s.changes)
	s.route("GET /v1/docs/{topic}/blame", s.blame)
	s.route("POST /v1/docs/{topic}/restore", s.restore)
	s.route("GET /v1/docs/{topic}/versions", s.versions)
	s.route("GET /v1/docs/{topic}/versions/{name}", s.versionValue)
	s.route("PUT /v1/docs/{topic}/versions/{name}", s.keepVersion)
	s.route("DELETE /v1/docs/{topic}/versions/{name}", s.forgetVersion)
	s.route("POST /v1/disconnect", s.disconnect)
	s.route("GET /v1/client.js", module(config.Modules["client.js"]))
	s.route("GET /v1/fallback.js", module(config.Modules["fallback.js"]))
	s.route("GET /v1/keep.js", module(config.Modules["keep.js"]))
	s.route("GET /v1/share.js", module(config.Modules["share.js"]))
	s.route("GET /v1/share-worker.js", module(config.Modules["share-worker.js"]))
	s.route("GET /v1/text.js", module(config.Modules["text.js"]))
	s.route("GET /v1/network.js", module(config.Modules["network.js"]))
	s.route("GET /v1/banner.js", module(config.Modules["banner.js"]))
	s.route("GET /v1/optimistic.js", module(config.Modules["optimistic.js"]))
	s.route("GET /healthz", func(w http.ResponseWriter, _ *http.Request) error { return text(w, "ok\n") })
	s.route("GET /readyz", s.ready)
	s.mux.Handle("GET /metrics", config.Metrics.Handler())
	if config.Site != nil {
		s.mux.Handle(site, http.FileServerFS(config.Site))
	}
	return s
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Content-Type-Options", "nosniff")
	if !s.config.Origins.admit(w, r) {
		s.fail(w, r, protocol.Errorf(protocol.OriginForbidden, ""))
		return
	}
	if r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != "" {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	if !s.routes(r, r.Method) {
		s.fail(w, r, s.unrouted(w, r))
		return
	}
	s.mux.ServeHTTP(w, r)
}

const site = "GET /"

// routes says whether a request with this method has a route. What is below
// /v1/ is never the site's.
func (s *Server) routes(r *http.Request, method string) bool {
	other := *r
	other.Method = method
	_, pattern := s.mux.Handler(&other)
	return pattern != "" && (pattern != site || !strings.HasPrefix(r.URL.Path, "/v1/"))
}

// unrouted says what is wrong with a request that has no route.
func (s *Server) unrouted(w http.ResponseWriter, r *http.Request) *protocol.Error {
	var allowed []string
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete} {
		if s.routes(r, method) {
			allowed = append(allowed, method)
		}
	}
	if len(allowed) == 0 {
		return protocol.Errorf(protocol.NotFound, "")
	}
	w.Header().Set("Allow", strings.Join(allowed, ", "))
	return protocol.Errorf(protocol.MethodNotAllowed, "")
}

func (s *Server) route(pattern string, handle func(http.ResponseWriter, *http.Request) error) {
	s.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		if err := handle(w, r); err != nil {
			s.fail(w, r, protocol.AsError(err))
		}
	})
}

// identify finds out who asks.
func (s *Server) identify(r *http.Request) (auth.Identity, error) {
	token := ""
	if header := r.Header.Get("Authorization"); header != "" {
		scheme, value, ok := strings.Cut(header, " ")
		if !ok || !strings.EqualFold(scheme, "Bearer") {
			return auth.Identity{}, protocol.Errorf(protocol.BadToken, "Authorization is not of the form Bearer token.")
		}
		token = value
	}
	return s.config.Hub.Identify(r.Context(), r, token, "")
}

// visit finds out who asks for something without a body, and counts that.
func (s *Server) visit(r *http.Request) (auth.Identity, error) {
	identity, err := s.identify(r)
	if err != nil {
		return identity, err
	}
	return identity, s.charge(r, identity, 0)
}

// order finds out who sends what, under which Idempotency-Key if any, and counts
// that.
func (s *Server) order(w http.ResponseWriter, r *http.Request) (identity auth.Identity, key string, body []byte, err error) {
	if identity, err = s.identify(r); err != nil {
		return identity, "", nil, err
	}
	if key, err = idempotencyKey(r); err != nil {
		return identity, "", nil, err
	}
	if body, err = s.body(w, r); err != nil {
		return identity, "", nil, err
	}
	return identity, key, body, s.charge(r, identity, len(body))
}

func (s *Server) ready(w http.ResponseWriter, _ *http.Request) error {
	if err := s.config.Hub.Ready(); err != nil {
		return err
	}
	return text(w, "ready\n")
}

func text(w http.ResponseWriter, body string) error {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, err := fmt.Fprint(w, body)
	return ended(err)
}

// ended passes over the error of a write: the reader has left, and nothing can
// be told any more.
func ended(error) error { return nil }
