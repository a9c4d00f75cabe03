package storetest

import (
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// testFailsOpening lets the disk fail at each change that opening makes, in
// turn. Opening ends in an error, or in a store that keeps the contract; once
// the disk is well, it opens with all that was there.
func testFailsOpening(t *testing.T, b Backend) {
	place := b.New(t)
	d := disk(t, place)
	log := open(t, place)
	mustAppend(t, log, "a", batch(0, "1", "2"))
	closeLog(t, log)
	crashed, failures := place.Crash(nil), 0
	for n := range 1000 {
		d.FailAfter(n, syscall.EIO)
		log, err := place.Open()
		if err != nil {
			failures++
		} else {
			if diff := cmp.Diff([]string{"1:1", "2:2"}, all(t, log, "a")); diff != "" {
				t.Errorf("opened on a failing disk after %d changes (-want +got):\n%s", n, diff)
			}
			closeLog(t, log)
		}
		d.FailAfter(0, nil)
		if err == nil {
			break
		}
		if failures == 1000 {
			t.Fatal("it never opens")
		}
	}
	if failures == 0 {
		t.Error("opening changes nothing: nothing was tested")
	}
	for _, place := range []Place{crashed, place, place.Crash(nil)} {
		log := open(t, place)
		last := lastOf(t, log, "a")
		mustAppend(t, log, "a", batch(last, "3"))
		if diff := cmp.Diff([]string{"1:1", "2:2", "3:3"}, all(t, log, "a")); diff != "" {
			t.Errorf("log (-want +got):\n%s", diff)
		}
		closeLog(t, log)
	}
}
