package ws

import (
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// Conn is the server's end of one WebSocket. Serve belongs to one goroutine;
// all other methods may be called from any.
type Conn struct {
	conn         net.Conn
	sock         socket
	writeTimeout time.Duration
	closeTimeout time.Duration

	// The state of Serve.
	dec  decoder
	rest []byte // read, but not yet enough to decode

	in, out, pongs atomic.Uint64
	ending         atomic.Bool // cause is set

	flushers sync.WaitGroup // goroutines that write a tail

	mu         sync.Mutex  // guards what follows, and each try to write
	cause      error       // why the connection ends; nil: it is open
	tail       *tail       // what the socket would not take yet; nil: nothing
	closeSent  bool        // our close frame is in the kernel
	peerClosed bool        // the peer's close frame was read
	timer      *time.Timer // ends an ending that takes too long
}

func newConn(conn net.Conn, early []byte, cfg Config) *Conn {
	c := &Conn{
		conn:         conn,
		sock:         newSocket(conn),
		writeTimeout: cfg.WriteTimeout,
		closeTimeout: cfg.CloseTimeout,
		dec:          decoder{maxMessage: cfg.MaxMessage, maxFragments: cfg.MaxFragments, deflate: cfg.Compression},
		rest:         early,
	}
	c.in.Add(uint64(len(early)))
	return c
}

// Deflated says whether the client takes compressed messages: frames that
// [AppendDeflated] made, beside those of AppendText.
func (c *Conn) Deflated() bool { return c.dec.deflate }

// RemoteAddr returns the address of the other end of the socket.
func (c *Conn) RemoteAddr() net.Addr { return c.conn.RemoteAddr() }

// BytesIn returns the number of bytes read so far, after the handshake. While
// it stands still nothing was heard from the peer.
func (c *Conn) BytesIn() uint64 { return c.in.Load() }

// BytesOut returns the number of bytes that the kernel has taken so far, after
// the handshake.
func (c *Conn) BytesOut() uint64 { return c.out.Load() }

// Pongs returns the number of pongs received so far.
func (c *Conn) Pongs() uint64 { return c.pongs.Load() }
