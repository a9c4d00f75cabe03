//go:build race

package ws

// raceEnabled: the race detector makes pools forget, so allocations mean nothing.
const raceEnabled = true
