package main

import (
	"crypto/tls"
	"log/slog"
	"net"
	"net/http"

	"github.com/tuttisync/tutti/internal/cert"
	"github.com/tuttisync/tutti/internal/config"
)

// secure returns how to listen with TLS; nil: without.
func secure(cfg *config.Config, logger *slog.Logger) (*tls.Config, error) {
	if !cfg.TLS.On() {
		return nil, nil
	}
	if cfg.TLS.Cert != "" {
		files, err := cert.Open(cfg.TLS.Cert, cfg.TLS.Key, logger)
		if err != nil {
			return nil, err
		}
		return files.Config(), nil
	}
	authority := cert.ACME{
		Domains:   cfg.TLS.Autocert.Domains,
		Cache:     cfg.AutocertCache(),
		Email:     cfg.TLS.Autocert.Email,
		Directory: cfg.TLS.Autocert.Directory,
		Logger:    logger,
	}
	return authority.Config(), nil
}

func listen(server *http.Server, listener net.Listener) error {
	if server.TLSConfig == nil {
		return server.Serve(listener)
	}
	return server.ServeTLS(listener, "", "")
}
