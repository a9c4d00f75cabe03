// Package cert finds the certificates that a TLS listener shows: in files, which
// are read again when they change, or from an authority that speaks ACME.
//
// What it makes is safe for concurrent use and needs no end: it starts no
// goroutine, but for those of an order to an authority, which end with it.
package cert

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// interval is how often files are looked at, at most.
const interval = time.Second

// Files is a certificate with its key, in two files of PEM. They may be the
// same file.
type Files struct {
	names   [2]string // certificate, key
	logger  *slog.Logger
	now     func() time.Time
	current atomic.Pointer[tls.Certificate]

	mu     sync.Mutex // guards the fields below; held while the files are read
	looked time.Time  // when the files were last looked at
	state  state      // of the files when they were last read
	broken bool       // what was read then could not be used
}

// Open reads a certificate chain, leaf first, and its key.
func Open(certificate, key string, logger *slog.Logger) (*Files, error) {
	f := &Files{names: [2]string{certificate, key}, logger: logger, now: time.Now}
	f.looked, f.state = f.now(), f.stat()
	if err := f.load(); err != nil {
		return nil, err
	}
	return f, nil
}

// Config returns how to listen with the certificate: TLS 1.2 at least, HTTP/2
// and HTTP/1.1, which a WebSocket needs.
func (f *Files) Config() *tls.Config { return config(f.certificate) }

func config(get func(*tls.ClientHelloInfo) (*tls.Certificate, error), more ...string) *tls.Config {
	return &tls.Config{
		MinVersion:     tls.VersionTLS12,
		NextProtos:     append([]string{"h2", "http/1.1"}, more...),
		GetCertificate: get,
	}
}

// certificate looks, with a handshake, whether the files have changed. It does
// not wait for another handshake that does.
func (f *Files) certificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	if f.mu.TryLock() {
		f.refresh()
		f.mu.Unlock()
	}
	return f.current.Load(), nil
}

// refresh reads files that have changed. While they make no pair, as between
// the writing of one and of the other, the older certificate stays.
func (f *Files) refresh() {
	now := f.now()
	if now.Sub(f.looked) < interval {
		return
	}
	f.looked = now
	state := f.stat()
	changed := !state.equal(f.state)
	if !changed && !f.broken {
		return
	}
	f.state = state
	err := f.load()
	f.broken = err != nil
	if err != nil && changed {
		f.logger.Error("the changed certificate cannot be used; the older one stays", "error", err)
	}
}

// load makes what the files hold the current certificate.
func (f *Files) load() error {
	pair, err := tls.LoadX509KeyPair(f.names[0], f.names[1])
	if err != nil {
		return fmt.Errorf("read certificate: %w", err)
	}
	f.current.Store(&pair)
	f.logger.Info("certificate read", "names", strings.Join(pair.Leaf.DNSNames, " "), "until", pair.Leaf.NotAfter.UTC())
	return nil
}

// state tells one content of the files from another.
type state [2]os.FileInfo

func (f *Files) stat() state {
	var s state
	for i, name := range f.names {
		if info, err := os.Stat(name); err == nil {
			s[i] = info
		}
	}
	return s
}

func (s state) equal(other state) bool {
	for i, a := range s {
		b := other[i]
		if a == nil || b == nil {
			if a != b {
				return false
			}
			continue
		}
		if !os.SameFile(a, b) || !a.ModTime().Equal(b.ModTime()) || a.Size() != b.Size() {
			return false
		}
	}
	return true
}
