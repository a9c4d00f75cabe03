package cert

import (
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync/atomic"
	"testing"

	"golang.org/x/crypto/acme"
)

// refusing is an authority that takes no orders, and counts who asks.
func refusing(t *testing.T) (directory string, asked *atomic.Int64) {
	asked = new(atomic.Int64)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		http.Error(w, "closed", http.StatusForbidden)
	}))
	t.Cleanup(func() {
		http.DefaultTransport.(*http.Transport).CloseIdleConnections()
		server.Close()
	})
	return server.URL, asked
}

func TestACME(t *testing.T) {
	directory, asked := refusing(t)
	dir := filepath.Join(t.TempDir(), "autocert")
	var l log
	authority := ACME{Domains: []string{"a.example", "cached.example"}, Cache: dir, Directory: directory, Logger: l.logger()}
	config := authority.Config()
	addr := listen(t, config)

	for _, name := range []string{"", "b.example", "x.a.example", "a.example.evil.example", "localhost"} {
		if _, err := shake(t, addr, name); err == nil {
			t.Errorf("%q, which is not listed, has a certificate", name)
		}
	}
	if asked.Load() != 0 || l.count("level=ERROR") != 0 {
		t.Errorf("names that are not listed: the authority was asked %d times, %d failures logged", asked.Load(), l.count("level=ERROR"))
	}

	for range 3 {
		if _, err := shake(t, addr, "A.example"); err == nil {
			t.Fatal("a handshake without a certificate")
		}
	}
	if asked.Load() == 0 || l.count("level=ERROR") != 1 || l.count("domain=a.example") != 1 {
		t.Errorf("a listed name: the authority was asked %d times, %d failures logged", asked.Load(), l.count("level=ERROR"))
	}

	challenge := func(c *tls.Config) { c.NextProtos = []string{acme.ALPNProto} }
	if _, err := shake(t, addr, "cached.example", challenge); err == nil || l.count("level=ERROR") != 1 {
		t.Errorf("a challenge that nobody ordered: %v, %d failures logged", err, l.count("level=ERROR"))
	}
}

func TestACME_what_was_ordered_is_kept(t *testing.T) {
	directory, asked := refusing(t)
	dir := t.TempDir()
	certificate, key := issue(t, "a.example")
	write(t, filepath.Join(dir, "a.example"), append(key, certificate...))
	var l log
	authority := ACME{Domains: []string{"a.example"}, Cache: dir, Directory: directory, Logger: l.logger()}
	addr := listen(t, authority.Config())
	for _, proto := range []string{"h2", "http/1.1"} {
		state, err := shake(t, addr, "a.example", func(c *tls.Config) { c.NextProtos = []string{proto} })
		if err != nil || state.NegotiatedProtocol != proto || state.PeerCertificates[0].Subject.CommonName != "a.example" {
			t.Errorf("%s: %q, %v", proto, state.NegotiatedProtocol, err)
		}
	}
	if asked.Load() != 0 {
		t.Errorf("the authority was asked %d times for what was there", asked.Load())
	}
}

func TestACME_orders_on_the_one_port(t *testing.T) {
	ca := newAuthority(t)
	dir := filepath.Join(t.TempDir(), "autocert")
	var l log
	config := ACME{Domains: []string{"a.example"}, Cache: dir, Directory: ca.url + "/directory", Logger: l.logger()}
	addr := listen(t, config.Config())
	ca.addr = addr
	for range 2 {
		state, err := shake(t, addr, "a.example")
		if err != nil || state.PeerCertificates[0].Subject.CommonName != "ordered" {
			t.Fatalf("%v; %s", err, l.all.String())
		}
	}

	again := listen(t, config.Config()) // as after a restart
	state, err := shake(t, again, "a.example")
	if err != nil || state.PeerCertificates[0].Subject.CommonName != "ordered" {
		t.Fatalf("after a restart: %v", err)
	}
	if ca.issued != 1 {
		t.Errorf("%d certificates were ordered, want 1", ca.issued)
	}
}
