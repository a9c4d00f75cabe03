package pebble

import (
	"time"

	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
)

// slow is a disk whose every sync takes so much longer.
type slow time.Duration

var _ errorfs.Injector = slow(0)

func (slow) String() string { return "slow disk" }

// MaybeError implements errorfs.Injector.
func (d slow) MaybeError(op errorfs.Op) error {
	switch op.Kind {
	case errorfs.OpFileSync, errorfs.OpFileSyncData, errorfs.OpFileSyncTo:
		time.Sleep(time.Duration(d))
	}
	return nil
}
