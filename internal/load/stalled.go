package load

import (
	"bytes"
	"math"
	"net"
	"sync/atomic"
	"time"
)

// filling is an entry's data that is no message: nobody measures it.
func filling() []byte {
	b := append([]byte(`"`), bytes.Repeat([]byte("x"), stallBytes)...)
	return append(b, '"')
}

// shrink sets how much the kernel takes for one who does not read. At the
// kernel's least a window that was closed opens by 3 kB in 200 ms, which is no
// reader that came back.
func shrink(conn net.Conn, bytes int) {
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetReadBuffer(bytes)
	}
}

// catchUp lets stalled readers read on, and returns how many of them get all
// that was published. NaN: there are none.
func (f FanOut) catchUp(s *site, stalls []*Socket) float64 {
	if len(stalls) == 0 {
		return math.NaN()
	}
	var caughtUp atomic.Int64
	_ = together(stalls, func(i int, socket *Socket) error {
		want := f.entriesOf(i % f.Topics)
		shrink(socket.conn, 1<<20)
		_ = socket.conn.SetReadDeadline(time.Now().Add(patience))
		for got := 0; got < want; {
			frame, err := socket.Next()
			if err == nil {
				err = EachDue(frame, func(time.Time) { got++ })
			}
			if err != nil {
				s.faults.add(err)
				return err
			}
		}
		caughtUp.Add(1)
		return nil
	})
	return float64(caughtUp.Load())
}
