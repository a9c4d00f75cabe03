//go:build race

package guard

const raceEnabled = true // the race detector allocates too
