package load

import (
	"bufio"
	"context"
	"math"
	"net/http"
	"strconv"
	"strings"
)

// fsyncs is how many the server's store has made, NaN if /metrics does not tell.
func (t *Target) fsyncs(ctx context.Context) float64 {
	return t.metric(ctx, "tutti_fsync_seconds_count")
}

// connections is how many the server has, NaN if /metrics does not tell.
func (t *Target) connections(ctx context.Context) float64 { return t.metric(ctx, "tutti_connections") }

// metric returns the value of a metric without labels.
func (t *Target) metric(ctx context.Context, name string) float64 {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimRight(t.URL, "/")+"/metrics", nil)
	if err != nil {
		return math.NaN()
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return math.NaN()
	}
	defer func() { _ = resp.Body.Close() }()
	for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
		if text, ok := strings.CutPrefix(lines.Text(), name+" "); ok {
			value, err := strconv.ParseFloat(text, 64)
			if err != nil {
				return math.NaN()
			}
			return value
		}
	}
	return math.NaN()
}

// perFsync is NaN where there was no fsync.
func perFsync(entries, fsyncs float64) float64 {
	if fsyncs == 0 {
		return math.NaN()
	}
	return entries / fsyncs
}
