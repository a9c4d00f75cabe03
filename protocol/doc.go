// Package protocol is the language that tutti's clients and servers speak: the
// messages of subprotocol tutti.v1 and their JSON, topic and event names,
// positions and cursors, the identity of clients, the closed table of errors,
// close codes and limits.
//
// It is pure: no socket, no clock, no goroutine, and nothing outside the
// standard library but a JSON tokenizer. Its functions keep no slice that they
// are given, except where a type says that it aliases its input. Everything
// that it decodes may come from an enemy: it never panics, and what it accepts
// is valid in every field.
//
// The rules behind it have ids and stand in spec/protocol.md.
package protocol

// Version is the WebSocket subprotocol that this package speaks.
const Version = "tutti.v1"
