package post

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/tuttisync/tutti/internal/gate"
	"github.com/tuttisync/tutti/internal/hub"
	"github.com/tuttisync/tutti/internal/session"
	"github.com/tuttisync/tutti/protocol"
)

// Config says how requests are served. Every field must be set.
type Config struct {
	Hub          *hub.Hub
	MaxBody      int           // bytes
	HelloTimeout time.Duration // from the head of a request to the end of its body
	MaxWait      time.Duration // of a poll
	Stall        time.Duration // how long a write may take
	// Request returns what the hook Authenticate is to see of a request.
	Request func(*http.Request) *http.Request
	// Enter counts a stream, Ask a poll or commands, or says why it may not
	// come; what they return leaves with the request.
	Enter, Ask func(*http.Request) (*gate.Visit, error)
}

// exchange is one request and its answer.
type exchange struct {
	config   *Config
	peer     *peer
	conn     *hub.Conn
	received chan struct{} // closed when the body has been acted on
	w        http.ResponseWriter
	control  *http.ResponseController
}

// open reads the body and starts a connection with it. With finish the
// connection ends by itself when all is said.
func (c *Config) open(w http.ResponseWriter, r *http.Request, o hub.Opening, finish bool) (*exchange, error) {
	admit := c.Hub.Admit
	if o.Road == session.Batch {
		admit = c.Hub.AdmitBatch
	}
	if err := admit(); err != nil {
		return nil, err
	}
	enter := c.Ask
	if o.Encoding == hub.Streamed {
		enter = c.Enter
	}
	visit, err := enter(r)
	if err != nil {
		return nil, err
	}
	control := http.NewResponseController(w)
	body, err := c.read(w, r, control)
	if err != nil {
		visit.Leave()
		return nil, err
	}
	o.Request, o.Visit = c.Request(r), visit
	e := &exchange{config: c, peer: newPeer(o.Encoding, control), received: make(chan struct{}), w: w, control: control}
	e.conn = c.Hub.Accept(e.peer, o)
	c.Hub.Go(func() {
		defer close(e.received)
		e.conn.Receive(body)
		if finish {
			e.conn.Finish()
		}
	})
	if err := e.welcome(r.Context()); err != nil {
		e.end()
		return nil, err
	}
	return e, nil
}

// read reads the body in the time that a hello has.
func (c *Config) read(w http.ResponseWriter, r *http.Request, control *http.ResponseController) ([]byte, error) {
	if err := supported(control.SetReadDeadline(time.Now().Add(c.HelloTimeout))); err != nil {
		return nil, err
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, int64(c.MaxBody)))
	if big := (*http.MaxBytesError)(nil); errors.As(err, &big) {
		return nil, protocol.Errorf(protocol.TooLarge, "The body has more than %d bytes.", big.Limit).Of(protocol.FrameBytesLimit)
	} else if err != nil {
		return nil, protocol.Errorf(protocol.HelloTimeout, "The body did not arrive whole in time.").Of(protocol.HelloTimeoutLimit)
	}
	if err := supported(control.SetReadDeadline(time.Time{})); err != nil {
		return nil, err
	}
	return body, nil
}

// welcome waits until hello is answered, and returns why not by welcome.
func (e *exchange) welcome(ctx context.Context) error {
	for {
		select {
		case <-e.peer.signal:
		case <-ctx.Done():
			return protocol.Errorf(protocol.Disconnected, "")
		}
		if e.conn.Welcomed() {
			e.peer.wake()
			return nil
		}
		if err := e.conn.Ending(); err != nil {
			return err
		}
		if _, last := e.peer.take(); last {
			return protocol.Errorf(protocol.Internal, "")
		}
	}
}

// end leaves nothing behind.
func (e *exchange) end() {
	e.peer.leave()
	e.conn.Abandon()
	<-e.received
	e.conn.Closed()
}

// each gives the batches to write, one after the other, until write wants no
// more, the hub ends the connection, the reader leaves, or time is up.
func (e *exchange) each(ctx context.Context, write func(batch [][]byte) (more bool, err error)) {
	for {
		batch, last := e.peer.take()
		if batch != nil {
			more, err := write(batch)
			if err != nil || !more {
				return
			}
			e.peer.written(nil)
			continue
		}
		if last {
			return
		}
		select {
		case <-e.peer.signal:
		case <-ctx.Done():
			return
		}
	}
}

// put writes what cannot be taken back; a reader that takes nothing for too
// long is given up. The deadline is taken back at the end: over HTTP/2 it ends
// the stream when it passes, even if nothing is being written.
func (e *exchange) put(frames ...[]byte) error {
	if err := e.peer.deadline(time.Now().Add(e.config.Stall)); err != nil {
		return err
	}
	for _, f := range frames {
		if _, err := e.w.Write(f); err != nil {
			return err
		}
	}
	if err := e.control.Flush(); err != nil {
		return err
	}
	return e.peer.deadline(time.Time{})
}

// supported passes over a deadline that this kind of response does not have.
func supported(err error) error {
	if errors.Is(err, http.ErrNotSupported) {
		return nil
	}
	return err
}

func (e *exchange) head(contentType, cacheControl string) {
	h := e.w.Header()
	h.Set("Content-Type", contentType)
	h.Set("Cache-Control", cacheControl)
	h.Set("X-Accel-Buffering", "no")
	e.w.WriteHeader(http.StatusOK)
}

// Stream serves POST /v1/sse (rules ROAD-1 and ROAD-2). An error of the table
// comes back only if nothing was written.
func (c *Config) Stream(w http.ResponseWriter, r *http.Request) error {
	e, err := c.open(w, r, hub.Opening{Road: session.Stream, Encoding: hub.Streamed}, false)
	if err != nil {
		return err
	}
	defer e.end()
	e.head("text/event-stream", "no-cache, no-transform")
	e.each(r.Context(), func(batch [][]byte) (bool, error) { return true, e.put(batch...) })
	return nil
}

// Commands serves POST /v1/commands (rule ROAD-4). An error of the table comes
// back only if nothing was written.
func (c *Config) Commands(w http.ResponseWriter, r *http.Request) error {
	e, err := c.open(w, r, hub.Opening{Road: session.Batch, Encoding: hub.Listed}, true)
	if err != nil {
		return err
	}
	defer e.end()
	e.head("application/json", "no-store")
	open := []byte("[")
	e.each(r.Context(), func(batch [][]byte) (bool, error) {
		if open != nil {
			batch = append([][]byte{open, batch[0][1:]}, batch[1:]...)
			open = nil
		}
		return true, e.put(batch...)
	})
	_ = e.put(open, []byte("]\n")) // the client may have left
	return nil
}
