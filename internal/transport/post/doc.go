// Package post serves connections whose client speaks by POST (rules ROAD of
// spec/protocol.md): a hello that is answered by a stream of messages or by the
// next few, and commands that are answered in one go.
//
// Each request is a connection of the hub for as long as it lasts, so that
// identity, rights, order and limits are those of a WebSocket. It costs two
// goroutines: one reads the body and asks the hooks, one writes.
package post
