// Package metrics counts what a server does, for Prometheus. No metric has a
// label that a client could make grow.
package metrics

import (
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/tuttisync/tutti/protocol"
)

// Metrics are one server's. All methods are safe for concurrent use.
type Metrics struct {
	registry      *prometheus.Registry
	connections   prometheus.Gauge
	streams       prometheus.Gauge
	subscriptions prometheus.Gauge
	outbound      prometheus.Gauge
	entries       prometheus.Counter
	received      prometheus.Counter
	sent          prometheus.Counter
	appends       prometheus.Histogram
	commits       prometheus.Histogram
	failures      map[protocol.Code]prometheus.Counter
	limits        map[protocol.Limit]prometheus.Counter
}

// New makes a server's metrics, all zero.
func New() *Metrics {
	m := &Metrics{
		registry:      prometheus.NewRegistry(),
		connections:   gauge("connections", "WebSocket connections."),
		streams:       gauge("streams", "One-way readers: SSE and the embedding program's."),
		subscriptions: gauge("subscriptions", "Topics that WebSocket connections read, added up."),
		outbound:      gauge("outbound_bytes", "Bytes that wait for readers to take them."),
		entries:       counter("entries_total", "Entries that became durable, in topics that this server holds."),
		received:      counter("received_bytes_total", "Bytes of messages from WebSocket connections."),
		sent:          counter("sent_bytes_total", "Bytes of messages and events to readers."),
		appends:       histogram("append_seconds", "From an append's start to its acknowledgement."),
		commits:       histogram("fsync_seconds", "Time of one fsync of the store."),
		failures:      make(map[protocol.Code]prometheus.Counter),
		limits:        make(map[protocol.Limit]prometheus.Counter),
	}
	m.registry.MustRegister(
		m.connections, m.streams, m.subscriptions, m.outbound, m.entries, m.received, m.sent, m.appends, m.commits,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	failures := prometheus.NewCounterVec(prometheus.CounterOpts{
		Namespace: "tutti", Name: "errors_total", Help: "Errors told, by code.",
	}, []string{"code"})
	m.registry.MustRegister(failures)
	for _, k := range protocol.Codes() {
		if k.Status != 0 {
			m.failures[k.Code] = failures.WithLabelValues(string(k.Code))
		}
	}
	limits := prometheus.NewCounterVec(prometheus.CounterOpts{
		Namespace: "tutti", Name: "limited_total", Help: "Times that a limit was reached, by its key below limits.",
	}, []string{"limit"})
	m.registry.MustRegister(limits)
	for _, l := range protocol.LimitNames() {
		m.limits[l] = limits.WithLabelValues(string(l))
	}
	return m
}

func gauge(name, help string) prometheus.Gauge {
	return prometheus.NewGauge(prometheus.GaugeOpts{Namespace: "tutti", Name: name, Help: help})
}

func counter(name, help string) prometheus.Counter {
	return prometheus.NewCounter(prometheus.CounterOpts{Namespace: "tutti", Name: name, Help: help})
}

func histogram(name, help string) prometheus.Histogram {
	return prometheus.NewHistogram(prometheus.HistogramOpts{
		Namespace: "tutti", Name: name, Help: help, Buckets: prometheus.ExponentialBuckets(0.0001, 2, 16),
	})
}

// Handler serves the metrics as Prometheus text.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

// Connected counts connections that came (or, below 0, went).
func (m *Metrics) Connected(n int) { m.connections.Add(float64(n)) }

// Streaming counts one-way readers that came or went.
func (m *Metrics) Streaming(n int) { m.streams.Add(float64(n)) }

// Subscribed counts subscriptions that began or ended.
func (m *Metrics) Subscribed(n int) { m.subscriptions.Add(float64(n)) }

// Entries counts entries that became durable.
func (m *Metrics) Entries(n int) { m.entries.Add(float64(n)) }

// Received counts bytes from peers.
func (m *Metrics) Received(bytes int) { m.received.Add(float64(bytes)) }

// Sent counts bytes to peers.
func (m *Metrics) Sent(bytes int) { m.sent.Add(float64(bytes)) }

// Appended notes how long an append took.
func (m *Metrics) Appended(d time.Duration) { m.appends.Observe(d.Seconds()) }

// Synced notes how long an fsync took.
func (m *Metrics) Synced(d time.Duration) { m.commits.Observe(d.Seconds()) }

// Outbound tells how many bytes wait for readers.
func (m *Metrics) Outbound(bytes int64) { m.outbound.Set(float64(bytes)) }

// Told counts an error that was told, and the limit behind it if there is one.
func (m *Metrics) Told(err *protocol.Error) {
	m.Failed(err.Code)
	m.Limited(err.Limit)
}

// Limited counts that a limit was reached; "" is none.
func (m *Metrics) Limited(l protocol.Limit) {
	if c, ok := m.limits[l]; ok {
		c.Inc()
	}
}

// Failed counts an error that was told.
func (m *Metrics) Failed(code protocol.Code) {
	if c, ok := m.failures[code]; ok {
		c.Inc()
	}
}
