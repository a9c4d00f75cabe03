//go:build race

package api

// raceEnabled makes tests of many connections smaller: the detector is slow.
const raceEnabled = true
