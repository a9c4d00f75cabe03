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
	connections   map[Road]prometheus.Gauge
	streams       map[Road]prometheus.Gauge
	subscriptions prometheus.Gauge
	outbound      prometheus.Gauge
	members       prometheus.Gauge
	presenceBytes prometheus.Gauge
	documents     prometheus.Gauge
	documentBytes prometheus.Gauge
	told          prometheus.Counter
	kept          prometheus.Counter
	entries       prometheus.Counter
	delivered     prometheus.Counter
	received      prometheus.Counter
	sent          prometheus.Counter
	lag           prometheus.Histogram
	delivery      prometheus.Histogram
	lost          prometheus.Counter
	stalled       prometheus.Counter
	appends       prometheus.Histogram
	commits       prometheus.Histogram
	batches       prometheus.Histogram
	written       prometheus.Counter
	failures      map[protocol.Code]prometheus.Counter
	limits        map[protocol.Limit]prometheus.Counter
}

// New makes a server's metrics, all zero.
func New() *Metrics {
	m := &Metrics{
		registry:      prometheus.NewRegistry(),
		subscriptions: gauge("subscriptions", "Topics that connections read, added up."),
		outbound:      gauge("outbound_bytes", "Bytes that wait for readers to take them."),
		members:       gauge("members", "Members of all topics: who is present."),
		presenceBytes: gauge("presence_bytes", "Bytes that they and their states count."),
		documents:     gauge("documents", "Documents that are held in memory."),
		documentBytes: gauge("document_bytes", "Bytes that they take, about."),
		told:          counter("snapshots_total", "Snapshots of documents that went out, once for each reader."),
		kept:          counter("stored_snapshots_total", "Snapshots of documents that were written into the store."),
		entries:       counter("entries_total", "Entries that became durable, in topics that this server holds."),
		delivered:     counter("delivered_entries_total", "Entries that went out, once for each reader."),
		received:      counter("received_bytes_total", "Bytes of messages and publications that came in."),
		sent:          counter("sent_bytes_total", "Bytes of messages, events and pages that went out."),
		lag:           counts("reader_lag_entries", "Entries that a reader had not read when it was served; one of 64 times."),
		delivery:      seconds("delivery_seconds", "From an entry's becoming durable to its being gathered for a reader that had read all before; one of 64 times."),
		lost:          counter("lost_total", "Readers that fell behind the log and were told."),
		stalled:       counter("stalled_total", "WebSockets cut because they took nothing for too long."),
		appends:       seconds("append_seconds", "From an append's start to its acknowledgement."),
		commits:       seconds("fsync_seconds", "One fsync of the store."),
		batches:       counts("commit_appends", "Appends that shared one fsync."),
		written:       counter("written_bytes_total", "Bytes that the store wrote to its log."),
		failures:      make(map[protocol.Code]prometheus.Counter),
		limits:        make(map[protocol.Limit]prometheus.Counter),
	}
	m.connections = m.byRoad("connections", "Two-way connections, by road.", twoWay)
	m.streams = m.byRoad("streams", "One-way readers, by road.", oneWay)
	m.registry.MustRegister(
		m.subscriptions, m.outbound, m.members, m.presenceBytes, m.documents, m.documentBytes, m.told, m.kept, m.entries, m.delivered, m.received, m.sent, m.lag, m.delivery, m.lost, m.stalled,
		m.appends, m.commits, m.batches, m.written,
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

func seconds(name, help string) prometheus.Histogram {
	return histogram(name, help, prometheus.ExponentialBuckets(0.0001, 2, 16)) // to 3.3 s
}

func counts(name, help string) prometheus.Histogram {
	return histogram(name, help, prometheus.ExponentialBuckets(1, 4, 10)) // to 262,144
}

func histogram(name, help string, buckets []float64) prometheus.Histogram {
	return prometheus.NewHistogram(prometheus.HistogramOpts{Namespace: "tutti", Name: name, Help: help, Buckets: buckets})
}

// Handler serves the metrics as Prometheus text.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

// Connected counts connections that came (or, below 0, went).
func (m *Metrics) Connected(road Road, n int) { m.connections[road].Add(float64(n)) }

// Streaming counts one-way readers that came or went.
func (m *Metrics) Streaming(road Road, n int) { m.streams[road].Add(float64(n)) }

// Subscribed counts subscriptions that began or ended.
func (m *Metrics) Subscribed(n int) { m.subscriptions.Add(float64(n)) }

// Entries counts entries that became durable.
func (m *Metrics) Entries(n int) { m.entries.Add(float64(n)) }

// Delivered counts entries that went out.
func (m *Metrics) Delivered(n int) { m.delivered.Add(float64(n)) }

// Lag notes how many entries a reader had not read.
func (m *Metrics) Lag(entries uint64) { m.lag.Observe(float64(entries)) }

// Reached notes how long the newest entry was on its way to a reader.
func (m *Metrics) Reached(d time.Duration) { m.delivery.Observe(d.Seconds()) }

// Lost counts a reader that fell behind the log.
func (m *Metrics) Lost() { m.lost.Inc() }

// Stalled counts a connection that took nothing for too long.
func (m *Metrics) Stalled() { m.stalled.Inc() }

// Received counts bytes from peers.
func (m *Metrics) Received(bytes int) { m.received.Add(float64(bytes)) }

// Sent counts bytes to peers.
func (m *Metrics) Sent(bytes int) { m.sent.Add(float64(bytes)) }

// Appended notes how long an append took.
func (m *Metrics) Appended(d time.Duration) { m.appends.Observe(d.Seconds()) }

// Committed notes one fsync: how many appends shared it, the bytes that it
// wrote, and how long it took.
func (m *Metrics) Committed(appends, bytes int, took time.Duration) {
	m.commits.Observe(took.Seconds())
	m.batches.Observe(float64(appends))
	m.written.Add(float64(bytes))
}

// Outbound tells how many bytes wait for readers.
func (m *Metrics) Outbound(bytes int64) { m.outbound.Set(float64(bytes)) }

// Members tells how many members topics have, and the bytes that they count.
func (m *Metrics) Members(n, bytes int64) {
	m.members.Set(float64(n))
	m.presenceBytes.Set(float64(bytes))
}

// Documents tells how many documents are held, and the bytes that they take.
func (m *Metrics) Documents(n int, bytes int64) {
	m.documents.Set(float64(n))
	m.documentBytes.Set(float64(bytes))
}

// SnapshotTold counts a snapshot that a reader was given.
func (m *Metrics) SnapshotTold() { m.told.Inc() }

// SnapshotKept counts a snapshot that the store was given.
func (m *Metrics) SnapshotKept() { m.kept.Inc() }

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
