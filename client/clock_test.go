package client

import (
	"testing"
	"time"
)

func TestWallClock(t *testing.T) {
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	w := wallClock{begun: start}
	wall, span := start, time.Duration(0)
	for i, look := range []struct {
		wall, span time.Duration // gone by since the look before
		jumped     bool
	}{
		{5 * time.Second, 5 * time.Second, false},
		{6 * time.Second, 5 * time.Second, false},
		{2 * time.Hour, 5 * time.Second, true}, // the machine slept
		{5 * time.Second, 5 * time.Second, false},
		{2 * time.Hour, 2 * time.Hour, false}, // the process was stopped: both went on
		{-time.Hour, 5 * time.Second, true},   // the clock was set back
		{14 * time.Second, 5 * time.Second, false},
		{14 * time.Second, 5 * time.Second, false}, // it drifts
	} {
		wall, span = wall.Add(look.wall), span+look.span
		if got := w.jumped(wall, span); got != look.jumped {
			t.Errorf("CONN-5: look %d: jumped is %v", i, got)
		}
	}
}
