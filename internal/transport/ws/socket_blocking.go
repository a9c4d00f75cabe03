//go:build !(darwin || linux || openbsd)

package ws

import "net"

func newSocket(conn net.Conn) socket { return &blocking{conn: conn} }
