package auth_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"strings"
	"testing"

	"github.com/tuttisync/tutti/auth"
)

func pemOf(t *testing.T, kind string, der []byte, err error) []byte {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

func TestParseKeys(t *testing.T) {
	private := pairKey.Private
	public := private.Public().(ed25519.PublicKey)
	publicDER, err := x509.MarshalPKIXPublicKey(public)
	publicPEM := pemOf(t, "PUBLIC KEY", publicDER, err)
	privateDER, err := x509.MarshalPKCS8PrivateKey(private)
	privatePEM := pemOf(t, "PRIVATE KEY", privateDER, err)
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	otherDER, err := x509.MarshalPKIXPublicKey(&other.PublicKey)
	otherPEM := pemOf(t, "PUBLIC KEY", otherDER, err)
	mixed := append(append([]byte{}, private.Seed()...), make([]byte, 32)...)
	std, raw := base64.StdEncoding.EncodeToString, base64.RawURLEncoding.EncodeToString

	for _, c := range []struct {
		name string
		text string
		ok   bool
	}{
		{"PEM", string(publicPEM), true},
		{"PEM amid white space", "\n  " + string(publicPEM) + "\n", true},
		{"base64", std(public), true},
		{"base64url and a newline", raw(public) + "\n", true},
		{"RSA", string(otherPEM), false},
		{"a private key", string(privatePEM), false},
		{"short", std(public[:31]), false},
		{"empty", "", false},
		{"no base64", strings.Repeat("!", 43), false},
		{"cut PEM", string(publicPEM[:40]), false},
	} {
		t.Run("public/"+c.name, func(t *testing.T) {
			got, err := auth.ParsePublicKey([]byte(c.text))
			if (err == nil) != c.ok || (c.ok && !got.Equal(public)) {
				t.Errorf("got %x, %v", got, err)
			}
		})
	}
	for _, c := range []struct {
		name string
		text string
		ok   bool
	}{
		{"PEM", string(privatePEM), true},
		{"seed", std(private.Seed()), true},
		{"seed and public key", raw(private), true},
		{"seed and another's public key", std(mixed), false},
		{"a public key in PEM", string(publicPEM), false},
		{"empty", "", false},
	} {
		t.Run("private/"+c.name, func(t *testing.T) {
			got, err := auth.ParsePrivateKey([]byte(c.text))
			if (err == nil) != c.ok || (c.ok && !got.Equal(private)) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestNewVerifier_refuses(t *testing.T) {
	public := publicKey.Public
	wrong := append(ed25519.PublicKey{}, public...)
	wrong[0] ^= 1
	for _, c := range []struct {
		name string
		cfg  auth.Config
		want string
	}{
		{"no algorithm", auth.Config{Keys: []auth.Key{{}}}, `auth: keys[0]: the algorithm "" is not HS256 or EdDSA`},
		{"RS256", auth.Config{Keys: []auth.Key{{Alg: "RS256"}}}, `auth: keys[0]: the algorithm "RS256" is not HS256 or EdDSA`},
		{"short secret", auth.Config{Keys: []auth.Key{secretKey, {Alg: auth.HS256, Secret: make([]byte, 31)}}}, "auth: keys[1]: the secret has 31 bytes; HS256 needs at least 32"},
		{"secret and pair", auth.Config{Keys: []auth.Key{{Alg: auth.HS256, Secret: secretKey.Secret, Public: public}}}, "auth: keys[0]: an HS256 key has a secret, not a key pair"},
		{"pair and secret", auth.Config{Keys: []auth.Key{{Alg: auth.EdDSA, Secret: secretKey.Secret, Public: public}}}, "auth: keys[0]: an EdDSA key has a key pair, not a secret"},
		{"no public key", auth.Config{Keys: []auth.Key{{Alg: auth.EdDSA}}}, "auth: keys[0]: the public key is missing or not an Ed25519 key"},
		{"short private key", auth.Config{Keys: []auth.Key{{Alg: auth.EdDSA, Private: pairKey.Private[:32]}}}, "auth: keys[0]: the private key is not an Ed25519 key"},
		{"not a pair", auth.Config{Keys: []auth.Key{{Alg: auth.EdDSA, Public: wrong, Private: pairKey.Private}}}, "auth: keys[0]: the public key is not that of the private key"},
		{"one kid twice", auth.Config{Keys: []auth.Key{secretKey, {Kid: "s", Alg: auth.EdDSA, Public: public}}}, `auth: keys[1]: another key has the kid "s"`},
		{"negative leeway", auth.Config{Leeway: -1}, "auth: the leeway -1ns is negative"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := auth.NewVerifier(c.cfg); err == nil || err.Error() != c.want {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}

func TestKey_shows_no_secret(t *testing.T) {
	cfg := auth.Config{Keys: []auth.Key{secretKey, pairKey}}
	asJSON, err := json.Marshal(cfg)
	if err != nil {
		t.Fatal(err)
	}
	all := fmt.Sprintf("%v %+v %#v %s", cfg, cfg, cfg, asJSON)
	for _, hidden := range [][]byte{secretKey.Secret, pairKey.Private} {
		for _, form := range []string{string(hidden), base64.StdEncoding.EncodeToString(hidden), fmt.Sprintf("%x", hidden), strings.Trim(fmt.Sprint(hidden), "[]")} {
			if strings.Contains(all, form) {
				t.Errorf("printing a configuration shows a secret: %s", all)
			}
		}
	}
}
