package main

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tuttisync/tutti/client"
	"github.com/tuttisync/tutti/protocol"
)

// patience ends a test that would hang.
const patience = 20 * time.Second

// secured is a server that listens with TLS, in a process of its own.
type secured struct {
	t    *testing.T
	ctx  context.Context
	url  string
	cert string // its certificate's file
	tls  *tls.Config
}

func startTLS(t *testing.T) *secured {
	t.Helper()
	dir := t.TempDir()
	s := &secured{t: t, cert: filepath.Join(dir, "cert.pem")}
	keyFile := filepath.Join(dir, "key.pem")
	roots := selfSigned(t, s.cert, keyFile)
	s.tls = &tls.Config{RootCAs: roots}
	p := start(t, filepath.Join(dir, "data"), "127.0.0.1:0", "--tls-cert", s.cert, "--tls-key", keyFile)
	s.url = "https://" + p.addr
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	s.ctx = ctx
	return s
}

// selfSigned writes a certificate for 127.0.0.1, and returns who trusts it.
func selfSigned(t *testing.T, certFile, keyFile string) *x509.CertPool {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(time.Hour),
		IsCA:         true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	must(t, err)
	key, err := x509.MarshalPKCS8PrivateKey(private)
	must(t, err)
	must(t, os.WriteFile(certFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	must(t, os.WriteFile(keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}), 0o600))
	roots := x509.NewCertPool()
	parsed, err := x509.ParseCertificate(der)
	must(t, err)
	roots.AddCert(parsed)
	return roots
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// request makes a request over HTTP/2 and fails unless that was spoken.
func (s *secured) request(method, path, body string) *http.Response {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.ctx, method, s.url+path, strings.NewReader(body))
	must(s.t, err)
	transport := &http.Transport{TLSClientConfig: s.tls.Clone(), ForceAttemptHTTP2: true}
	s.t.Cleanup(transport.CloseIdleConnections)
	answer, err := transport.RoundTrip(r)
	must(s.t, err)
	s.t.Cleanup(func() { _ = answer.Body.Close() })
	if answer.ProtoMajor != 2 {
		s.t.Errorf("%s %s was answered over %s", method, path, answer.Proto)
	}
	return answer
}

func TestTLS_every_road(t *testing.T) {
	s := startTLS(t)
	c, err := client.Connect(s.url, client.Options{TLS: s.tls})
	must(t, err)
	defer func() { _ = c.Close() }()
	heard := make(chan client.Entry, 2)
	c.Topic("chat:a").Subscribe(func(e client.Entry) { heard <- e }, client.SubscribeOptions{From: protocol.FromEarliest()})

	stream := s.request(http.MethodGet, "/v1/sse?topic=chat:a&last=10", "")
	if _, err := c.Topic("chat:a").Publish(s.ctx, "over wss", client.PublishOptions{}); err != nil {
		t.Fatal(err)
	}
	if answer := s.request(http.MethodPost, "/v1/topics/chat:a/events", `{"data":"over h2"}`); answer.StatusCode != http.StatusCreated {
		t.Errorf("POST: %s", answer.Status)
	}
	for _, want := range []string{`"over wss"`, `"over h2"`} {
		select {
		case e := <-heard:
			if string(e.Data) != want {
				t.Errorf("the client heard %s, want %s", e.Data, want)
			}
		case <-s.ctx.Done():
			t.Fatalf("the client did not hear %s", want)
		}
	}
	lines := bufio.NewScanner(stream.Body)
	for _, want := range []string{`data: "over wss"`, `data: "over h2"`} {
		for lines.Scan() && lines.Text() != want {
			continue
		}
		if lines.Text() != want {
			t.Fatalf("the stream ended before %s: %v", want, lines.Err())
		}
	}
}

func TestTLS_commands_trust_SSL_CERT_FILE(t *testing.T) {
	s := startTLS(t)
	for _, args := range [][]string{
		{"publish", "chat:a", `"hello"`},
		{"subscribe", "chat:a", "--earliest", "--count", "1"},
	} {
		c := exec.CommandContext(s.ctx, "tutti", append(args, "--url", s.url)...)
		c.Env = append(os.Environ(), "SSL_CERT_FILE="+s.cert)
		out, err := c.CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %v\n%s", args, err, out)
		}
	}
}

func TestTLS_ROAD_7_a_WebSocket_over_HTTP2_is_refused(t *testing.T) {
	s := startTLS(t)
	for method, want := range map[string]protocol.Code{
		http.MethodGet:     protocol.BadMessage,
		http.MethodConnect: protocol.MethodNotAllowed,
	} {
		answer := s.request(method, "/v1/ws", "")
		var body struct {
			Error protocol.Error `json:"error"`
		}
		if err := json.NewDecoder(answer.Body).Decode(&body); err != nil || body.Error.Code != want {
			t.Errorf("%s: %s, %v, %v", method, answer.Status, body.Error, err)
		}
	}
}

func TestTLS_who_speaks_none_is_told(t *testing.T) {
	s := startTLS(t)
	r, err := http.NewRequestWithContext(s.ctx, http.MethodGet, strings.Replace(s.url, "https", "http", 1)+"/healthz", nil)
	must(t, err)
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	answer, err := transport.RoundTrip(r)
	must(t, err)
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusBadRequest {
		t.Errorf("plain HTTP is answered with %s", answer.Status)
	}
}
