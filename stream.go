package tutti

import "net/http"

// Stream serves topics as Server-Sent Events on a route of the program's own,
// for a plain EventSource. No rights are asked: put your own middleware before
// it. The query's last, from, cursor, else and wrap work as on /v1/sse.
//
//	mux.Handle("GET /api/live/stock-prices", requireUser(srv.Stream("stocks:prices")))
func (s *Server) Stream(topics ...string) http.Handler { return s.api.Stream(topics) }
