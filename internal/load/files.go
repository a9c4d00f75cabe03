package load

import (
	"fmt"
	"syscall"
)

const spareFiles = 100 // that are no connections

// CheckFiles says whether this process, and a server that it starts, may have n
// connections.
func CheckFiles(n int) error {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return fmt.Errorf("read the limit of open files: %w", err)
	}
	if uint64(n+spareFiles) > limit.Cur {
		return fmt.Errorf("%d connections need a limit of open files (ulimit -n) of %d; it is %d", n, n+spareFiles, limit.Cur)
	}
	return nil
}
