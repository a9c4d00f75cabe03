package main

import (
	"log/slog"
	"net"
	"net/http"

	"github.com/tuttisync/tutti/chaos"
	"github.com/tuttisync/tutti/internal/config"
)

const faultsPath = "/v1/faults"

// door is what the server is reached by: its own listener, or a proxy that
// spoils connections in front of it.
type door struct {
	listener net.Listener // the server's
	addr     string       // everybody's
	proxy    *chaos.Proxy // nil: there is none
	disk     *disk        // nil as proxy is
}

func open(cfg *config.Config, disk *disk, logger *slog.Logger) (*door, error) {
	addr := cfg.Addr
	if disk != nil {
		addr = "127.0.0.1:0"
	}
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, err
	}
	d := &door{listener: listener, addr: listener.Addr().String(), disk: disk}
	if disk == nil {
		return d, nil
	}
	d.proxy, err = chaos.New(chaos.Config{Listen: cfg.Addr, Target: d.addr, Exempt: cfg.BasePath + faultsPath, Logger: logger})
	if err != nil {
		_ = listener.Close() // nobody was told of it
		return nil, err
	}
	d.addr = d.proxy.Addr()
	return d, nil
}

// handler returns h below base, beside the control of the proxy.
func (d *door) handler(base string, h http.Handler) http.Handler {
	if d.proxy == nil {
		return mount(base, h)
	}
	mux := http.NewServeMux()
	mux.Handle("/", h)
	mux.Handle(faultsPath+"/disk", chaos.Local(d.disk))
	mux.Handle(faultsPath+"/", http.StripPrefix(faultsPath, d.proxy.Handler()))
	return mount(base, mux)
}

func (d *door) close() error {
	if d.proxy == nil {
		return nil
	}
	return d.proxy.Close()
}
