package chaos

import (
	"io"
	"time"
)

const (
	readBytes   = 16 << 10
	chunksAhead = 32
)

// chunk is what one read returned, and when.
type chunk struct {
	data []byte
	at   time.Time
}

// intake reads ahead of the one that forwards, so that delayed bytes travel side
// by side, and the end of a connection is seen while nothing is forwarded.
type intake struct {
	chunks chan chunk // closed at the end, err being set
	err    error
	rest   chunk // taken, and put back
}

func newIntake() *intake { return &intake{chunks: make(chan chunk, chunksAhead)} }

// run reads src until it ends or done is closed.
func (in *intake) run(src io.Reader, done <-chan struct{}) {
	defer close(in.chunks)
	buf := make([]byte, readBytes)
	for {
		n, err := src.Read(buf)
		if n > 0 {
			select {
			case in.chunks <- chunk{append([]byte(nil), buf[:n]...), time.Now()}:
			case <-done:
				in.err = errGone
				return
			}
		}
		if err != nil {
			in.err = err
			return
		}
	}
}

// back puts bytes back, to be taken next.
func (in *intake) back(data []byte, at time.Time) { in.rest = chunk{data, at} }
