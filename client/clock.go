package client

import "time"

const (
	// clockPulse is how often the clocks are compared.
	clockPulse = 5 * time.Second

	// clockJump is how far they may drift apart between two looks.
	clockJump = 10 * time.Second
)

// wallClock notices that the wall clock has jumped: while a machine sleeps, it
// goes on where the clock that measures spans of time stands still.
type wallClock struct {
	begun time.Time // the wall clock's time when the span began, as of the last look
}

// jumped compares the wall clock with a span of time that began in the past,
// always at the same moment.
func (w *wallClock) jumped(wall time.Time, span time.Duration) bool {
	begun, before := wall.Add(-span), w.begun
	w.begun = begun
	return !before.IsZero() && begun.Sub(before).Abs() > clockJump
}
