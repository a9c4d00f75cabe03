package post

import (
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/tuttisync/tutti/internal/hub"
	"github.com/tuttisync/tutti/protocol"
)

var errLeft = errors.New("post: the request has ended")

// peer is the hub's end of one request. What it is told to send waits for the
// goroutine that writes the answer; the hub gives it one batch at a time.
type peer struct {
	encoding hub.Encoding
	signal   chan struct{} // holds one token when there is something to do
	control  *http.ResponseController

	mu     sync.Mutex // guards the fields below
	batch  [][]byte   // to be written
	done   func(error)
	news   bool // something came that ends a poll's wait
	closed bool // by the hub
	left   bool // by the client
}

func newPeer(encoding hub.Encoding, control *http.ResponseController) *peer {
	return &peer{encoding: encoding, control: control, signal: make(chan struct{}, 1)}
}

// Frame implements hub.Peer.
func (p *peer) Frame(dst, message []byte) []byte {
	if p.encoding == hub.Listed && tells(message) {
		p.mu.Lock()
		p.news = true
		p.mu.Unlock()
	}
	return appendMessage(dst, p.encoding, message)
}

// tells says whether a message of the server that is no entry is worth an
// answer to a poll (rule ROAD-3).
func tells(message []byte) bool {
	var m struct {
		Type      string `json:"type"`
		Recovered bool   `json:"recovered"`
	}
	if err := json.Unmarshal(message, &m); err != nil {
		return true
	}
	switch m.Type {
	case protocol.TypeWelcome, protocol.TypePing, protocol.TypeEntered:
		return false
	case protocol.TypeSubscribed, protocol.TypeWatching:
		return !m.Recovered
	}
	return true
}

// Send implements hub.Peer.
func (p *peer) Send(frames [][]byte, done func(error)) (bool, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.left || p.closed {
		return false, errLeft
	}
	p.batch, p.done = frames, done
	p.wake()
	return false, nil
}

// Close implements hub.Peer. A write that is under way, which the hub does not
// wait for, fails.
func (p *peer) Close(int, string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	if p.done != nil && !p.left {
		_ = p.control.SetWriteDeadline(time.Now()) // where it cannot, the write lasts for its time
	}
	p.wake()
}

// deadline bounds the writes that follow, unless the hub has given them up.
func (p *peer) deadline(until time.Time) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed && p.done != nil {
		return errLeft
	}
	return supported(p.control.SetWriteDeadline(until))
}

// BytesIn implements hub.Peer: nothing is heard but the body.
func (p *peer) BytesIn() uint64 { return 0 }

func (p *peer) wake() {
	select {
	case p.signal <- struct{}{}:
	default:
	}
}

// take returns the batch that waits, if there is one, and whether it is the
// last. The batch is the hub's until written.
func (p *peer) take() (batch [][]byte, last bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	batch = p.batch
	p.batch = nil
	return batch, p.closed && p.done == nil
}

// written tells the hub that it may go on.
func (p *peer) written(err error) {
	p.mu.Lock()
	done := p.done
	p.done = nil
	p.mu.Unlock()
	if done != nil {
		done(err)
	}
}

// leave ends the request's side. What the hub waits for is answered.
func (p *peer) leave() {
	p.mu.Lock()
	p.left = true
	p.batch = nil
	p.mu.Unlock()
	p.written(errLeft)
}
