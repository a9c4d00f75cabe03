package config

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// pair writes a certificate and its key.
func pair(t *testing.T) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	pkcs8, keyErr := x509.MarshalPKCS8PrivateKey(private)
	dir := t.TempDir()
	cert, key = filepath.Join(dir, "cert"), filepath.Join(dir, "key")
	if err := errors.Join(
		err, keyErr,
		os.WriteFile(cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600),
		os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}), 0o600),
	); err != nil {
		t.Fatal(err)
	}
	return cert, key
}

func TestTLS_values(t *testing.T) {
	if Default().TLS.On() {
		t.Error("it is on by default")
	}
	cert, key := pair(t)
	c := load(t, "tls: {cert: "+cert+", key: "+key+"}\ndev: true\naddr: localhost:0")
	if want := (TLS{Cert: cert, Key: key}); !cmp.Equal(c.TLS, want) || !c.TLS.On() {
		t.Errorf("got %+v, want %+v", c.TLS, want)
	}
	if byEnv := load(t, "", "TUTTI_TLS_CERT="+cert, "TUTTI_TLS_KEY="+key); !cmp.Equal(byEnv.TLS, c.TLS) {
		t.Errorf("by the environment: %+v", byEnv.TLS)
	}

	c = load(t, "data: d\ntls: {autocert: {domains: [a.example, xn--bcher-kva.example], email: a@b.example}}")
	if got := c.AutocertCache(); got != filepath.Join("d", "autocert") || !c.TLS.On() {
		t.Errorf("orders are kept in %q", got)
	}
	c = load(t, "memory: true", "TUTTI_TLS_AUTOCERT_DOMAINS=a.example,b.example", "TUTTI_TLS_AUTOCERT_CACHE=e",
		"TUTTI_TLS_AUTOCERT_EMAIL=a@b.example", "TUTTI_TLS_AUTOCERT_DIRECTORY=https://ca.example/dir")
	want := Autocert{Domains: []string{"a.example", "b.example"}, Cache: "e", Email: "a@b.example", Directory: "https://ca.example/dir"}
	if !cmp.Equal(c.TLS.Autocert, want) || c.AutocertCache() != "e" {
		t.Errorf("got %+v, want %+v", c.TLS.Autocert, want)
	}
}

func TestTLS_faults(t *testing.T) {
	cert, key := pair(t)
	_, other := pair(t)
	for text, want := range map[string]string{
		"{cert: c}":         "tls.key: is needed beside tls.cert",
		"{key: k}":          "tls.cert: is needed beside tls.key",
		"{cert: c, key: k}": "tls.cert: open c: no such file",
		"{cert: " + cert + ", key: " + other + "}":                                 "tls.cert: tls: private key does not match",
		"{cert: " + cert + ", key: " + cert + "}":                                  "tls.cert: tls: found a certificate rather than a key",
		"{autocert: {email: a@b}}":                                                 "tls.autocert.domains: is needed",
		"{autocert: {domains: [localhost]}}":                                       `tls.autocert.domains[0]: "localhost" is not a host name`,
		"{autocert: {domains: [a.example, 10.0.0.1]}}":                             `tls.autocert.domains[1]: "10.0.0.1" is not`,
		"{autocert: {domains: ['*.a.example']}}":                                   `tls.autocert.domains[0]: "*.a.example" is not`,
		"{autocert: {domains: [A.example]}}":                                       `tls.autocert.domains[0]: "A.example" is not`,
		"{autocert: {domains: ['a.example:443']}}":                                 `tls.autocert.domains[0]: "a.example:443" is not`,
		"{autocert: {domains: [a..example]}}":                                      `tls.autocert.domains[0]: "a..example" is not`,
		"{autocert: {domains: [-a.example]}}":                                      `tls.autocert.domains[0]: "-a.example" is not`,
		"{autocert: {domains: [a.example], email: a}}":                             `tls.autocert.email: "a" is not an address`,
		"{autocert: {domains: [a.example], directory: 'http://a'}}":                `tls.autocert.directory: "http://a" is not`,
		"{cert: " + cert + ", key: " + key + ", autocert: {domains: [a.example]}}": "tls.autocert.domains: goes with no tls.cert",
		"{autocert: {domains: [a.example]}}\nmemory: true":                         "tls.autocert.cache: is needed with memory",
	} {
		_, err := Load(write(t, "tls: "+text), nil, nil)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}
