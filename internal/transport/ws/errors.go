package ws

import (
	"errors"
	"fmt"

	"github.com/gobwas/ws"

	"github.com/tuttisync/tutti/protocol"
)

// ErrBusy is what Send returns while an earlier Send has not called its done.
var ErrBusy = errors.New("ws: an earlier send is not done")

// CloseError says that a close frame ended the connection.
type CloseError struct {
	Code   int // 1005: the peer's close frame had none
	Reason string
	ByPeer bool // false: this side called Close
}

func (e *CloseError) Error() string {
	who := "here"
	if e.ByPeer {
		who = "by the peer"
	}
	return fmt.Sprintf("closed %s: %d %q", who, e.Code, e.Reason)
}

// ProtocolError says that the peer broke the protocol or a limit, and which
// close code it was told.
type ProtocolError struct {
	Code   int // 1002, 1003, 1007 or 1009
	Reason string
	Limit  protocol.Limit // that was broken, if one was
}

func (e *ProtocolError) Error() string {
	return fmt.Sprintf("broke the protocol: %d %s", e.Code, e.Reason)
}

func tooBig(limit protocol.Limit, reason string) error {
	return &ProtocolError{Code: int(ws.StatusMessageTooBig), Reason: reason, Limit: limit}
}

func breach(code ws.StatusCode, reason string) error {
	return &ProtocolError{Code: int(code), Reason: reason}
}
