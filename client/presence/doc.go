// Package presence is what a watcher of a topic makes of the server's words: who
// is there, and who came, changed and left (spec/presence.md, PRES-8 to PRES-13).
// A [View] is pure: no clock, no timer, no goroutine. The driver passes the time in,
// and calls [View.Tick] at [View.Wish].
//
// Members are folded into users: several tabs and devices of one identity are one
// user, who joins with the first of them and leaves with the last. Joins and leaves
// of a user alternate, whatever the network and the server do: a list that is told
// anew is held against what was known, and one of a server that has restarted leaves
// its members the grace time to come back.
//
// A View is not safe for concurrent use. What it returns is not changed by it, and
// must not be changed by others.
package presence
