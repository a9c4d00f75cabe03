package post

import (
	"bytes"
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/tuttisync/tutti/internal/hub"
	"github.com/tuttisync/tutti/internal/session"
	"github.com/tuttisync/tutti/protocol"
)

const (
	defaultWait = 25 * time.Second
	// maxAnswer is at how many bytes an answer to a poll is long enough; what
	// is left is read by the next.
	maxAnswer = 256 << 10
)

// What a poll waits for.
var (
	entryItem    = []byte(`,{"type":"` + protocol.TypeEntry + `"`)
	snapshotItem = []byte(`,{"type":"` + protocol.TypeSnapshot + `"`)
)

// Poll serves POST /v1/poll (rules ROAD-1 and ROAD-3). An error of the table
// comes back only if nothing was written.
func (c *Config) Poll(w http.ResponseWriter, r *http.Request) error {
	wait, err := c.wait(r)
	if err != nil {
		return err
	}
	e, err := c.open(w, r, hub.Opening{Road: session.Stream, Encoding: hub.Listed}, wait == 0)
	if err != nil {
		return err
	}
	defer e.end()
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	var timer *time.Timer
	var answer []byte // what came before the last batch; that is written as it is
	said := false
	say := func(last [][]byte) {
		said = true
		e.head("application/json", "no-store")
		_ = e.put(append(append([][]byte{answer}, last...), []byte("]\n"))...) // the client may have left
	}
	e.each(ctx, func(batch [][]byte) (bool, error) {
		if len(answer) == 0 {
			answer = append(answer, '[')
			batch[0] = batch[0][1:]
			if wait > 0 { // from welcome on: that much is always told
				timer = time.AfterFunc(wait, cancel)
			}
		}
		size, news := len(answer), false
		for _, frames := range batch {
			size += len(frames)
			news = news || bytes.HasPrefix(frames, entryItem) || bytes.HasPrefix(frames, snapshotItem)
		}
		if size >= maxAnswer || wait > 0 && (news || e.peer.tells()) {
			say(batch)
			return false, nil
		}
		for _, frames := range batch {
			answer = append(answer, frames...)
		}
		return true, nil
	})
	if timer != nil {
		timer.Stop()
	}
	if len(answer) == 0 {
		return protocol.Errorf(protocol.Draining, "")
	}
	if !said {
		say(nil)
	}
	return nil
}

func (p *peer) tells() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.news
}

// wait is how long an answer may be held back.
func (c *Config) wait(r *http.Request) (time.Duration, error) {
	value := r.URL.Query().Get("wait")
	if value == "" {
		return min(defaultWait, c.MaxWait), nil
	}
	ms, err := strconv.ParseUint(value, 10, 31)
	if err != nil {
		return 0, protocol.Errorf(protocol.BadMessage, "wait is a whole number of milliseconds.")
	}
	return min(time.Duration(ms)*time.Millisecond, c.MaxWait), nil
}
