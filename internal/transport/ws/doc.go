// Package ws is the server side of WebSocket (RFC 6455) for GET /v1/ws. It
// knows bytes, frames and close codes; what a message says, and to whom it
// goes, is its caller's business.
//
// A connection is made by [Upgrade]. The handler must then return, so that
// net/http frees its buffers; a goroutine that the caller starts runs
// [Conn.Serve], and anyone may [Conn.Send] and [Conn.Close]:
//
//	func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
//		conn, err := ws.Upgrade(w, r, ws.Config{})
//		if err != nil {
//			…
//			return
//		}
//		h.start(func() { conn.Serve(h.handle) })
//	}
//
// # What an idle connection costs
//
// One goroutine with a small stack and a Conn. On plain sockets (TCP and Unix,
// where the system allows it) Serve borrows a read buffer only once there is
// something to read, and Send writes straight to the kernel; a second
// goroutine lives only while the socket takes no more. Other connections, TLS
// above all, keep a small read buffer, and each Send has a goroutine of its own
// until it is through.
//
// # Compression
//
// With Config.Compression, permessage-deflate (RFC 7692) is taken up where a
// client offers it, with no context takeover: each message is compressed by
// itself, so that [AppendDeflated] makes one frame for all connections that are
// [Conn.Deflated], and an idle one costs no more than another. What arrives
// compressed is inflated up to Config.MaxMessage and no further.
//
// # Order
//
// Messages are handed to Serve's function in the order of the wire, one at a
// time. Frames leave in the order of the Sends. What the package itself says
// (pongs, the answer to a close) goes between whole frames, never into one. Of
// pings that could not be answered at once only the latest is.
//
// # How it ends
//
// By the peer's close frame, by a breach of the protocol, by Close, by an error
// from Serve's function, or by a broken or stalled socket. Once Serve has
// returned, the socket is closed, every done has been called, and no goroutine
// of the connection is left. Nothing that a peer does or fails to do holds a
// connection for longer than Config.CloseTimeout after Close, or
// Config.WriteTimeout after a write stalled. A silent peer is not noticed here:
// send it pings ([AppendPing]) and watch [Conn.BytesIn].
package ws
