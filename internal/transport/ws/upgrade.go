package ws

import (
	"bufio"
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/tuttisync/tutti/protocol"
)

// acceptGUID is what a server appends to the client's key (RFC 6455, section
// 1.3).
const acceptGUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

// Upgrade checks the handshake, takes the connection over from net/http and
// answers 101. The caller has checked the origin, and its handler must return
// soon after; the Conn is served until Serve has returned, or, if Serve is
// never called, ended by Close.
//
// An error that is a *protocol.Error means that nothing was written: the caller
// answers with its status and body (headers that the answer needs are already
// set on w). After any other error the connection is gone.
func Upgrade(w http.ResponseWriter, r *http.Request, cfg Config) (*Conn, error) {
	cfg = cfg.withDefaults()
	if err := checkHandshake(w.Header(), r, cfg.Subprotocol); err != nil {
		return nil, err
	}
	if cfg.Compression {
		var err error
		if cfg.Compression, err = offersDeflate(r.Header["Sec-Websocket-Extensions"]); err != nil {
			return nil, err
		}
	}
	conn, rw, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return nil, protocol.Errorf(protocol.Internal, "The connection cannot be upgraded.")
	}
	early, err := accept(conn, rw.Reader, acceptance(r.Header.Get("Sec-Websocket-Key"), cfg), cfg.WriteTimeout)
	if err != nil {
		_ = conn.Close()
		return nil, fmt.Errorf("upgrade: %w", err)
	}
	return newConn(conn, early, cfg), nil
}

// checkHandshake follows RFC 6455, section 4.2.1. It sets on answer the headers
// that a refusal must carry.
func checkHandshake(answer http.Header, r *http.Request, subprotocol string) error {
	refuse := func(format string, args ...any) error {
		return protocol.Errorf(protocol.BadMessage, format, args...)
	}
	switch {
	case r.Method != http.MethodGet:
		answer.Set("Allow", http.MethodGet)
		return protocol.Errorf(protocol.MethodNotAllowed, "A WebSocket is opened with GET.")
	case r.ProtoMajor != 1 || !r.ProtoAtLeast(1, 1):
		return refuse("A WebSocket is opened over HTTP/1.1.")
	case !hasToken(r.Header["Upgrade"], "websocket"), !hasToken(r.Header["Connection"], "upgrade"):
		return refuse("The request is no WebSocket handshake.")
	case !slices.Equal(r.Header["Sec-Websocket-Version"], []string{"13"}):
		answer.Set("Sec-WebSocket-Version", "13")
		return refuse("The WebSocket version is not 13.")
	case !validKey(r.Header["Sec-Websocket-Key"]):
		return refuse("Sec-WebSocket-Key is not 16 bytes in base64.")
	case !slices.Contains(tokens(r.Header["Sec-Websocket-Protocol"]), subprotocol):
		return refuse("The subprotocol %s is not offered.", subprotocol)
	case r.ContentLength != 0:
		return refuse("A WebSocket handshake has no body.")
	}
	return nil
}

func validKey(values []string) bool {
	if len(values) != 1 {
		return false
	}
	nonce, err := base64.StdEncoding.Strict().DecodeString(values[0])
	return err == nil && len(nonce) == 16
}

// tokens splits the values of a header that is a comma-separated list.
func tokens(values []string) []string {
	var list []string
	for _, v := range values {
		for t := range strings.SplitSeq(v, ",") {
			list = append(list, strings.Trim(t, " \t"))
		}
	}
	return list
}

func hasToken(values []string, token string) bool {
	return slices.ContainsFunc(tokens(values), func(t string) bool { return strings.EqualFold(t, token) })
}

// acceptance is the answer that takes up the handshake with this key, and
// compression if cfg still has it.
func acceptance(key string, cfg Config) string {
	sum := sha1.Sum([]byte(key + acceptGUID))
	head := "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Accept: " + base64.StdEncoding.EncodeToString(sum[:]) + "\r\n" +
		"Sec-WebSocket-Protocol: " + cfg.Subprotocol + "\r\n"
	if cfg.Compression {
		head += "Sec-WebSocket-Extensions: " + deflateAnswer() + "\r\n"
	}
	return head + "\r\n"
}

// accept writes the 101 answer and returns a copy of what the client sent
// before it.
func accept(conn net.Conn, r *bufio.Reader, answer string, timeout time.Duration) ([]byte, error) {
	if err := conn.SetDeadline(time.Now().Add(timeout)); err != nil {
		return nil, err
	}
	if _, err := conn.Write([]byte(answer)); err != nil {
		return nil, err
	}
	if err := conn.SetDeadline(time.Time{}); err != nil {
		return nil, err
	}
	waiting, err := r.Peek(r.Buffered())
	if err != nil {
		return nil, err
	}
	return slices.Clone(waiting), nil
}
