package pebble

import (
	"strings"
	"sync"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
)

// disk injects faults into a file system.
type disk struct {
	fs *vfs.MemFS

	mu       sync.Mutex // guards the fields below
	hold     chan struct{}
	held     chan struct{}
	sync     error
	write    error
	left     int // changes until any fails
	anything error
}

var _ errorfs.Injector = (*disk)(nil)

func (d *disk) String() string { return "disk with faults" }

// MaybeError implements errorfs.Injector.
func (d *disk) MaybeError(op errorfs.Op) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if op.Kind.ReadOrWrite() == errorfs.OpIsRead {
		return nil
	}
	if d.anything != nil {
		if d.left--; d.left < 0 {
			return d.anything
		}
	}
	switch op.Kind {
	case errorfs.OpFileWrite, errorfs.OpFileWriteAt:
		return d.write
	case errorfs.OpFileSync, errorfs.OpFileSyncData, errorfs.OpFileSyncTo:
		if hold := d.hold; hold != nil && strings.HasSuffix(op.Path, ".log") {
			if d.held != nil {
				close(d.held)
				d.held = nil
			}
			d.mu.Unlock()
			<-hold
			d.mu.Lock()
		}
		return d.sync
	}
	return nil
}

func (d *disk) Hold() (release func(), held <-chan struct{}) {
	d.mu.Lock()
	defer d.mu.Unlock()
	hold, h := make(chan struct{}), make(chan struct{})
	d.hold, d.held = hold, h
	return func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		close(hold)
		if d.hold == hold {
			d.hold = nil
		}
	}, h
}

func (d *disk) FailSync(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.sync = err
}

func (d *disk) FailWrite(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.write = err
}

func (d *disk) FailAfter(n int, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.left, d.anything = n, err
}

func (d *disk) SetFree(bytes uint64) {
	d.fs.TestingSetDiskUsage(vfs.DiskUsage{AvailBytes: bytes, TotalBytes: 1 << 41})
}
