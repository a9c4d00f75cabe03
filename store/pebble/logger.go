package pebble

import "fmt"

// logger passes pebble's words on.
type logger struct{ s *Store }

func (l *logger) Infof(format string, args ...any) {
	l.s.config.Logger.Debug("pebble: " + fmt.Sprintf(format, args...))
}

func (l *logger) Errorf(format string, args ...any) {
	l.s.config.Logger.Error("pebble: " + fmt.Sprintf(format, args...))
}

// Fatalf marks the store as failed and returns. Pebble calls it where it would
// rather end the process, which the guard leaves no reason for but corruption;
// what it does after that, the guard keeps from the disk, and the committer
// from those who wait.
func (l *logger) Fatalf(format string, args ...any) {
	l.s.fail(fmt.Errorf(format, args...))
}
