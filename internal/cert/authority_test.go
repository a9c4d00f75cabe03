package cert

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/acme"
)

// authority issues certificates by ACME (RFC 8555): one account, one order at a
// time, and no signature is checked. It does check the challenge, by a handshake
// as RFC 8737 wants it with addr, whatever the domain.
type authority struct {
	t      *testing.T
	url    string
	key    *ecdsa.PrivateKey
	parent *x509.Certificate

	mu     sync.Mutex // guards the fields below
	addr   net.Addr
	domain string
	status string // of authorization and order
	leaf   []byte // in DER
	issued int
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	parent := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(1000 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	a := &authority{t: t, key: key, parent: parent}
	server := httptest.NewServer(a)
	a.url = server.URL
	t.Cleanup(func() {
		http.DefaultTransport.(*http.Transport).CloseIdleConnections()
		server.Close()
	})
	return a
}

func (a *authority) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var request struct{ Payload string }
	var payload struct {
		Identifiers []struct{ Value string }
		CSR         string
	}
	if r.Method == http.MethodPost {
		err := json.NewDecoder(r.Body).Decode(&request)
		if raw, e := base64.RawURLEncoding.DecodeString(request.Payload); err == nil && e == nil && len(raw) > 0 {
			err = json.Unmarshal(raw, &payload)
		}
		if err != nil {
			a.t.Errorf("%s: %v", r.URL, err)
		}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	w.Header().Set("Replay-Nonce", "nonce")
	w.Header().Set("Location", a.url+r.URL.Path)
	switch r.URL.Path {
	case "/directory":
		fmt.Fprintf(w, `{"newNonce":"%[1]s/nonce","newAccount":"%[1]s/account","newOrder":"%[1]s/new"}`, a.url)
	case "/nonce":
	case "/account":
		w.WriteHeader(http.StatusCreated)
		fmt.Fprint(w, `{"status":"valid"}`)
	case "/new":
		a.domain, a.status = payload.Identifiers[0].Value, "pending"
		w.Header().Set("Location", a.url+"/order")
		w.WriteHeader(http.StatusCreated)
		a.order(w)
	case "/authorization":
		fmt.Fprintf(w, `{"status":%q,"identifier":{"type":"dns","value":%q},"challenges":[`+
			`{"type":"http-01","url":"%[3]s/http","token":"t"},{"type":"tls-alpn-01","url":"%[3]s/challenge","token":"t"}]}`, a.status, a.domain, a.url)
	case "/challenge":
		a.status = "invalid"
		if a.proven() {
			a.status = "valid"
		}
		fmt.Fprintf(w, `{"type":"tls-alpn-01","url":"%s/challenge","token":"t","status":%q}`, a.url, a.status)
	case "/order":
		a.order(w)
	case "/finalize":
		a.issue(payload.CSR)
		a.order(w)
	case "/certificate":
		w.Header().Set("Content-Type", "application/pem-certificate-chain")
		_ = pem.Encode(w, &pem.Block{Type: "CERTIFICATE", Bytes: a.leaf})
	default:
		a.t.Errorf("asked for %s %s", r.Method, r.URL.Path)
		w.WriteHeader(http.StatusNotFound)
	}
}

func (a *authority) order(w http.ResponseWriter) {
	status := a.status
	if status == "valid" && a.leaf == nil {
		status = "ready"
	}
	fmt.Fprintf(w, `{"status":%q,"identifiers":[{"type":"dns","value":%q}],"authorizations":["%[3]s/authorization"],`+
		`"finalize":"%[3]s/finalize","certificate":"%[3]s/certificate"}`, status, a.domain, a.url)
}

// proven makes the handshake of TLS-ALPN-01.
func (a *authority) proven() bool {
	state, err := shake(a.t, a.addr, a.domain, func(c *tls.Config) { c.NextProtos = []string{acme.ALPNProto} })
	if err != nil || state.NegotiatedProtocol != acme.ALPNProto {
		a.t.Errorf("the challenge's handshake: %q, %v", state.NegotiatedProtocol, err)
		return false
	}
	for _, e := range state.PeerCertificates[0].Extensions {
		if e.Id.Equal(asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 31}) && e.Critical {
			return state.PeerCertificates[0].DNSNames[0] == a.domain
		}
	}
	return false
}

func (a *authority) issue(csr string) {
	der, err := base64.RawURLEncoding.DecodeString(csr)
	if err != nil {
		a.t.Errorf("finalize: %v", err)
	}
	request, err := x509.ParseCertificateRequest(der)
	if err != nil {
		a.t.Errorf("finalize: %v", err)
		return
	}
	a.issued++
	a.leaf, err = x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: big.NewInt(int64(a.issued + 1)), Subject: pkix.Name{CommonName: "ordered"}, DNSNames: request.DNSNames,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(90 * 24 * time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}, a.parent, request.PublicKey, a.key)
	if err != nil {
		a.t.Errorf("sign: %v", err)
	}
}
