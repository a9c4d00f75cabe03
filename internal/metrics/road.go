package metrics

import "github.com/prometheus/client_golang/prometheus"

// Road is by what way a reader or a connection came.
type Road string

// The roads. WebSocket, Stream, Poll and Commands are connections, the others
// one-way readers.
const (
	WebSocket Road = "ws"       // GET /v1/ws
	Stream    Road = "sse"      // POST /v1/sse
	Poll      Road = "poll"     // POST /v1/poll
	Commands  Road = "commands" // POST /v1/commands

	Events   Road = "events"    // GET /v1/sse
	LongPoll Road = "long_poll" // GET /v1/poll
	Program  Road = "program"   // the embedding program's own
)

var (
	twoWay = []Road{WebSocket, Stream, Poll, Commands}
	oneWay = []Road{Events, LongPoll, Program}
)

// byRoad makes a gauge for each of the roads.
func (m *Metrics) byRoad(name, help string, roads []Road) map[Road]prometheus.Gauge {
	v := prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: "tutti", Name: name, Help: help}, []string{"road"})
	m.registry.MustRegister(v)
	gauges := make(map[Road]prometheus.Gauge)
	for _, r := range roads {
		gauges[r] = v.WithLabelValues(string(r))
	}
	return gauges
}
