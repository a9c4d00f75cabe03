// Package load puts a tutti server under load and measures it: many raw
// WebSocket connections, each a goroutine and a small buffer, so that thousands
// of them cost the machine less than the server that is measured.
//
// A measurement ([FanOut], [Idle], [Publish], [Reconnect]) is a [Table]: its
// cases take turns, each against a server of its own unless [Bench].URL names
// one, and the table shows medians. Whoever starts a [Server] stops it; a
// measurement closes what it opened before it returns, on errors too.
package load
