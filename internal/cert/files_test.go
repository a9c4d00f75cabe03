package cert

import (
	"crypto/tls"
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// watched are files behind a listener, with a clock that the test moves.
type watched struct {
	cert, key string
	addr      net.Addr
	log       log

	mu  sync.Mutex // guards now
	now time.Time
}

func watch(t *testing.T, certificate, key []byte) *watched {
	t.Helper()
	dir := t.TempDir()
	w := &watched{cert: filepath.Join(dir, "cert.pem"), key: filepath.Join(dir, "key.pem")}
	write(t, w.cert, certificate)
	write(t, w.key, key)
	files, err := Open(w.cert, w.key, w.log.logger())
	must(t, err)
	w.now = time.Now()
	files.now = func() time.Time {
		w.mu.Lock()
		defer w.mu.Unlock()
		return w.now
	}
	w.addr = listen(t, files.Config())
	return w
}

// shows fails unless a handshake, interval later, shows the certificate of name.
func (w *watched) shows(t *testing.T, when, name string) {
	t.Helper()
	w.mu.Lock()
	w.now = w.now.Add(interval)
	w.mu.Unlock()
	state, err := shake(t, w.addr, "any.example")
	must(t, err)
	if got := state.PeerCertificates[0].Subject.CommonName; got != name {
		t.Errorf("%s the certificate is that of %s, want %s", when, got, name)
	}
}

func TestFiles_are_read_again_when_they_change(t *testing.T) {
	firstCert, firstKey := issue(t, "first.example")
	secondCert, secondKey := issue(t, "second.example")
	w := watch(t, firstCert, firstKey)
	w.shows(t, "at first", "first.example")

	write(t, w.cert, secondCert)
	w.shows(t, "with one file of two changed", "first.example")
	w.shows(t, "and still", "first.example")
	if got := w.log.count("the older one stays"); got != 1 {
		t.Errorf("it was told %d times", got)
	}
	write(t, w.key, secondKey)
	w.shows(t, "with both changed", "second.example")

	write(t, w.cert, []byte("-----BEGIN CERT"))
	w.shows(t, "with half a file", "second.example")
	must(t, os.Remove(w.cert))
	w.shows(t, "with no file", "second.example")

	// As a rename over the files does it.
	write(t, w.cert+".new", firstCert)
	write(t, w.key+".new", firstKey)
	must(t, errors.Join(os.Rename(w.cert+".new", w.cert), os.Rename(w.key+".new", w.key)))
	w.shows(t, "with other files of the name", "first.example")
	if got := w.log.count("certificate read"); got != 3 {
		t.Errorf("certificates were read %d times, want 3", got)
	}
}

func TestFiles_change_behind_links(t *testing.T) {
	firstCert, firstKey := issue(t, "first.example")
	secondCert, secondKey := issue(t, "second.example")
	w := watch(t, firstCert, firstKey)
	next := t.TempDir()
	write(t, filepath.Join(next, "cert.pem"), secondCert)
	write(t, filepath.Join(next, "key.pem"), secondKey)
	for _, name := range []string{w.cert, w.key} {
		must(t, errors.Join(os.Remove(name), os.Symlink(filepath.Join(next, filepath.Base(name)), name)))
	}
	w.shows(t, "through links", "second.example")
}

func TestFiles_under_many_handshakes(t *testing.T) {
	firstCert, firstKey := issue(t, "first.example")
	w := watch(t, firstCert, firstKey)
	write(t, w.cert, []byte("broken"))
	for range 16 {
		t.Run("handshake", func(t *testing.T) {
			t.Parallel()
			w.shows(t, "always", "first.example")
		})
	}
}

func TestOpen(t *testing.T) {
	certificate, key := issue(t, "a.example")
	_, otherKey := issue(t, "b.example")
	dir := t.TempDir()
	name := func(file string) string { return filepath.Join(dir, file) }
	write(t, name("cert"), certificate)
	write(t, name("key"), key)
	write(t, name("other"), otherKey)
	write(t, name("both"), append(key, certificate...))
	write(t, name("empty"), nil)
	var l log
	for _, c := range []struct{ cert, key, want string }{
		{"cert", "key", ""},
		{"both", "both", ""},
		{"cert", "other", "private key does not match"},
		{"cert", "missing", "no such file"},
		{"missing", "key", "no such file"},
		{"empty", "key", "failed to find any PEM data"},
		{"key", "key", "failed to find"},
	} {
		_, err := Open(name(c.cert), name(c.key), l.logger())
		if (err == nil) != (c.want == "") || (err != nil && !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s and %s: %v, want %q", c.cert, c.key, err, c.want)
		}
	}
	if _, err := Open(name("missing"), name("key"), l.logger()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the cause is hidden: %v", err)
	}
}

func TestConfig_versions_and_protocols(t *testing.T) {
	certificate, key := issue(t, "a.example")
	w := watch(t, certificate, key)
	for _, c := range []struct {
		name  string
		offer func(*tls.Config)
		proto string // empty: the handshake fails
	}{
		{"both protocols", func(*tls.Config) {}, "h2"},
		{"as a WebSocket is opened", func(c *tls.Config) { c.NextProtos = []string{"http/1.1"} }, "http/1.1"},
		{"TLS 1.2", func(c *tls.Config) { c.MaxVersion = tls.VersionTLS12 }, "h2"},
		{"TLS 1.1", func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS10, tls.VersionTLS11 }, ""},
		{"another protocol", func(c *tls.Config) { c.NextProtos = []string{"smtp"} }, ""},
	} {
		state, err := shake(t, w.addr, "a.example", c.offer)
		if (err == nil) != (c.proto != "") || (err == nil && state.NegotiatedProtocol != c.proto) {
			t.Errorf("%s: %q, %v", c.name, state.NegotiatedProtocol, err)
		}
	}
}
