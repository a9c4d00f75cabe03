package cert

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/acme"
	"golang.org/x/crypto/acme/autocert"
)

// quiet is how long after one failure of a domain the next is not logged.
const quiet = time.Minute

// errUnlisted ends a handshake for a name that nobody listed. Whoever connects
// chooses the name, so it is not logged.
var errUnlisted = errors.New("no certificate for this name")

// ACME orders certificates for Domains from an authority and renews them before
// they end. It proves its right to a name by the challenge TLS-ALPN-01, in a
// handshake on the listener itself: the authority connects to port 443 of the
// name, so that port must lead here, and TLS must not end before. By ordering
// the operator agrees to the authority's terms.
type ACME struct {
	Domains   []string // host names, none other is served
	Cache     string   // directory of keys and certificates, made when missing
	Email     string   // where the authority may write to; may be empty
	Directory string   // URL of the authority's directory; empty: Let's Encrypt
	Logger    *slog.Logger
}

// Config returns how to listen with ordered certificates. The first handshake
// for a domain waits until its certificate has come.
func (a ACME) Config() *tls.Config {
	o := &orders{
		logger:  a.Logger,
		domains: make(map[string]bool, len(a.Domains)),
		told:    make(map[string]time.Time, len(a.Domains)),
		manager: autocert.Manager{
			Prompt:     autocert.AcceptTOS,
			Cache:      autocert.DirCache(a.Cache),
			HostPolicy: autocert.HostWhitelist(a.Domains...),
			Email:      a.Email,
		},
	}
	if a.Directory != "" {
		o.manager.Client = &acme.Client{DirectoryURL: a.Directory}
	}
	for _, d := range a.Domains {
		o.domains[strings.ToLower(d)] = true
	}
	return config(o.certificate, acme.ALPNProto)
}

// orders is what runs of an ACME.
type orders struct {
	manager autocert.Manager
	domains map[string]bool
	logger  *slog.Logger

	mu   sync.Mutex           // guards told
	told map[string]time.Time // when a domain's failure was logged
}

func (o *orders) certificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	name := strings.ToLower(strings.TrimSuffix(hello.ServerName, "."))
	if !o.domains[name] {
		return nil, errUnlisted
	}
	certificate, err := o.manager.GetCertificate(hello)
	if err != nil {
		if !slices.Contains(hello.SupportedProtos, acme.ALPNProto) {
			o.tell(name, err)
		}
		return nil, fmt.Errorf("order certificate: %w", err)
	}
	return certificate, nil
}

// tell logs a failure, but not with each handshake.
func (o *orders) tell(domain string, err error) {
	o.mu.Lock()
	now := time.Now()
	told := now.Sub(o.told[domain]) < quiet
	if !told {
		o.told[domain] = now
	}
	o.mu.Unlock()
	if !told {
		o.logger.Error("no certificate", "domain", domain, "error", err)
	}
}
