package pebble

import (
	"fmt"
	"runtime"
)

// logger passes pebble's words on. Pebble calls Fatalf when a write failed and
// it cannot go on.
type logger struct{ s *Store }

func (l *logger) Infof(format string, args ...any) {
	l.s.config.Logger.Debug("pebble: " + fmt.Sprintf(format, args...))
}

func (l *logger) Errorf(format string, args ...any) {
	l.s.config.Logger.Error("pebble: " + fmt.Sprintf(format, args...))
}

// Fatalf marks the store as failed and ends the calling goroutine, which may
// be the committer or one of pebble's own.
func (l *logger) Fatalf(format string, args ...any) {
	l.s.config.Logger.Error("store failed; it takes no writes until it is opened anew", "error", fmt.Sprintf(format, args...))
	l.s.fail.Do(func() { close(l.s.failed) })
	runtime.Goexit()
}
