// Package session holds one connection's conversation: hello, the life signs,
// the expiry of its token, and the shape of each command (rules FRAME, HELLO,
// LIVE, AUTH-4 and CLIENT of spec/protocol.md).
//
// It is a pure step function: messages, answers and the time go in, effects
// come out, to be carried out in order. It holds no clock, socket or lock, and
// knows no topic: what it hands on is for its driver to do.
package session
