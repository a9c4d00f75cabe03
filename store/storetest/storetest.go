// Package storetest is the contract of package store as tests. A backend calls
// Run from a test of its own and passes all of it:
//
//	func TestStore(t *testing.T) {
//		storetest.Run(t, storetest.Backend{New: newPlace})
//	}
//
// What a backend cannot fake by being correct in one run (crashes, restored
// backups, failing disks) is asked of its Place. Tests of disks are run where
// the place has one.
//
// The backend's package should verify in TestMain that no goroutine is left.
package storetest

import (
	"math/rand/v2"
	"testing"

	"github.com/tuttisync/tutti/store"
)

// Backend is what is tested.
type Backend struct {
	// New returns an empty place. What it needs to clean up, it leaves to
	// t.Cleanup.
	New func(t testing.TB) Place

	// Entries is how many entries TestVolume writes; 0: a million, and a
	// twentieth of that with -short.
	Entries int
}

// Place is where stores of the backend keep what they write, over their runs.
// It is safe for concurrent use.
type Place interface {
	// Open opens the store. The one opened before was closed.
	Open() (store.Log, error)

	// Crash returns a place as this one would be if the machine lost power
	// now: with all that was synced, and by rng some of what was not. A nil rng
	// stands for the worst case, nothing of it. What is open goes on here and
	// knows nothing of it.
	Crash(rng *rand.Rand) Place

	// Copy returns a copy of the place, whose store is closed: a backup.
	Copy() Place

	// Disk returns what the place's stores write to, nil if it has no faults.
	Disk() Disk
}

// Disk is a disk with faults.
type Disk interface {
	// Hold makes the next syncs wait until release is called. held is closed
	// when the first of them waits. Holding anew leaves to the earlier release
	// those that wait already.
	Hold() (release func(), held <-chan struct{})

	// FailSync makes every sync from now on fail with err; nil: no more.
	FailSync(err error)

	// FailWrite makes every write from now on fail with err; nil: no more.
	FailWrite(err error)

	// FailAfter makes every change to the disk fail with err, after n more; a
	// nil err: no more.
	FailAfter(n int, err error)

	// SetFree sets the free space.
	SetFree(bytes uint64)
}

// Run runs all tests against the backend.
func Run(t *testing.T, b Backend) {
	for _, test := range []struct {
		name string
		run  func(t *testing.T, b Backend)
	}{
		{"Append", testAppend},
		{"Read", testRead},
		{"Rows", testRows},
		{"Topics", testTopics},
		{"Truncate", testTruncate},
		{"Redact", testRedact},
		{"RedactDuringAppends", testRedactDuringAppends},
		{"Snapshot", testSnapshot},
		{"Limits", testLimits},
		{"Ownership", testOwnership},
		{"Terms", testTerms},
		{"EndedTerms", testEndedTerms},
		{"Rollback", testRollback},
		{"Atomic", testAtomic},
		{"Linearizable", testLinearizable},
		{"Context", testContext},
		{"Follow", testFollow},
		{"FollowConcurrent", testFollowConcurrent},
		{"FollowStop", testFollowStop},
		{"Closed", testClosed},
		{"CloseDuringAppends", testCloseDuringAppends},
		{"Crash", testCrash},
		{"Machine", testMachine},
		{"Volume", testVolume},
		{"ManyTopics", testManyTopics},
		{"HeldSync", testHeldSync},
		{"HeldClose", testHeldClose},
		{"HeldConflict", testHeldConflict},
		{"FailedSync", testFailedSync},
		{"FailedWrite", testFailedWrite},
		{"FullDisk", testFullDisk},
		{"FailsOpening", testFailsOpening},
		{"FailsAnywhere", testFailsAnywhere},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, b) })
	}
}
