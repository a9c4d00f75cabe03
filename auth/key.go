package auth

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"

	"github.com/golang-jwt/jwt/v5"
)

// Algorithm is how a key signs.
type Algorithm string

// The algorithms that are taken; there are no others.
const (
	HS256 Algorithm = "HS256" // HMAC with SHA-256, by a shared secret
	EdDSA Algorithm = "EdDSA" // Ed25519, by a key pair
)

// MinSecretBytes is the shortest secret that HS256 is taken with: as long as
// the hash, below which it could be guessed offline from any one token.
const MinSecretBytes = 32

// Key verifies tokens and, if it holds what that takes, signs them.
type Key struct {
	// Kid is the name by which a token selects the key in its header. A key
	// without one is tried for tokens whose kid no other key has.
	Kid string
	Alg Algorithm

	Secret  []byte             `json:"-"` // HS256: at least MinSecretBytes
	Public  ed25519.PublicKey  // EdDSA: to verify; may be left out beside Private
	Private ed25519.PrivateKey `json:"-"` // EdDSA: to sign
}

// String names the key and shows nothing that is secret.
func (k Key) String() string { return fmt.Sprintf("%s key %q", k.Alg, k.Kid) }

// GoString is String.
func (k Key) GoString() string { return k.String() }

// Check returns an error, that shows nothing secret, unless the key can verify.
func (k Key) Check() error {
	switch k.Alg {
	case HS256:
		if len(k.Public) > 0 || len(k.Private) > 0 {
			return errors.New("an HS256 key has a secret, not a key pair")
		}
		if len(k.Secret) < MinSecretBytes {
			return fmt.Errorf("the secret has %d bytes; HS256 needs at least %d", len(k.Secret), MinSecretBytes)
		}
	case EdDSA:
		if len(k.Secret) > 0 {
			return errors.New("an EdDSA key has a key pair, not a secret")
		}
		if len(k.Private) > 0 && len(k.Private) != ed25519.PrivateKeySize {
			return errors.New("the private key is not an Ed25519 key")
		}
		if len(k.public()) != ed25519.PublicKeySize {
			return errors.New("the public key is missing or not an Ed25519 key")
		}
		if len(k.Private) > 0 && !bytes.Equal(k.public(), k.Private.Public().(ed25519.PublicKey)) {
			return errors.New("the public key is not that of the private key")
		}
	default:
		return fmt.Errorf("the algorithm %q is not HS256 or EdDSA", k.Alg)
	}
	return nil
}

func (k Key) public() ed25519.PublicKey {
	if len(k.Public) == 0 && len(k.Private) == ed25519.PrivateKeySize {
		return k.Private.Public().(ed25519.PublicKey)
	}
	return k.Public
}

// verifying is the key as the token library wants it.
func (k Key) verifying() jwt.VerificationKey {
	if k.Alg == HS256 {
		return k.Secret
	}
	return k.public()
}

// ParsePublicKey reads an Ed25519 public key: PEM (PKIX), or base64 of its 32
// bytes. White space around it does not matter.
func ParsePublicKey(text []byte) (ed25519.PublicKey, error) {
	text = bytes.TrimSpace(text)
	if isPEM(text) {
		k, err := jwt.ParseEdPublicKeyFromPEM(text)
		if pub, ok := k.(ed25519.PublicKey); ok && err == nil {
			return pub, nil
		}
		return nil, errors.New("the PEM block is not an Ed25519 public key")
	}
	if raw := decodeBase64(text); len(raw) == ed25519.PublicKeySize {
		return raw, nil
	}
	return nil, errors.New("an Ed25519 public key is PEM, or base64 of 32 bytes")
}

// ParsePrivateKey reads an Ed25519 private key: PEM (PKCS #8), or base64 of its
// 32-byte seed or of seed and public key together. White space around it does
// not matter.
func ParsePrivateKey(text []byte) (ed25519.PrivateKey, error) {
	text = bytes.TrimSpace(text)
	if isPEM(text) {
		k, err := jwt.ParseEdPrivateKeyFromPEM(text)
		if private, ok := k.(ed25519.PrivateKey); ok && err == nil {
			return private, nil
		}
		return nil, errors.New("the PEM block is not an Ed25519 private key")
	}
	switch raw := decodeBase64(text); len(raw) {
	case ed25519.SeedSize:
		return ed25519.NewKeyFromSeed(raw), nil
	case ed25519.PrivateKeySize:
		private := ed25519.NewKeyFromSeed(raw[:ed25519.SeedSize])
		if bytes.Equal(private, raw) {
			return private, nil
		}
	}
	return nil, errors.New("an Ed25519 private key is PEM, or base64 of 32 or 64 bytes")
}

func isPEM(text []byte) bool { return bytes.HasPrefix(text, []byte("-----BEGIN ")) }

// decodeBase64 takes the standard and the URL alphabet, padded or not; nil if
// text is neither.
func decodeBase64(text []byte) []byte {
	s := string(bytes.TrimRight(text, "="))
	for _, enc := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		if raw, err := enc.DecodeString(s); err == nil {
			return raw
		}
	}
	return nil
}
