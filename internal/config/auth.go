package config

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/tuttisync/tutti/auth"
)

// Auth says whose tokens are taken.
type Auth struct {
	Keys     []Key         `yaml:"keys"`
	Issuer   string        `yaml:"issuer"`
	Audience string        `yaml:"audience"`
	Leeway   time.Duration `yaml:"leeway"` // how far clocks may differ
}

// Key is one key as it is configured: exactly one of Secret, SecretFile,
// PublicKey and PublicKeyFile is set. Paths are relative to the working
// directory.
type Key struct {
	Kid           string         `yaml:"kid"`
	Alg           auth.Algorithm `yaml:"alg"` // "": HS256 with a secret, EdDSA with a public key
	Secret        string         `yaml:"secret" json:"-"`
	SecretFile    string         `yaml:"secretFile"`
	PublicKey     string         `yaml:"publicKey"` // PEM or base64
	PublicKeyFile string         `yaml:"publicKeyFile"`
}

// String names the key and shows nothing that is secret.
func (k Key) String() string { return fmt.Sprintf("%s key %q", k.Alg, k.Kid) }

// GoString is String.
func (k Key) GoString() string { return k.String() }

const maxKeyFileBytes = 64 << 10

// Config returns the configuration of a verifier. It reads the files that keys
// name, and returns all faults joined, each with its key.
func (a Auth) Config() (auth.Config, error) {
	cfg := auth.Config{Issuer: a.Issuer, Audience: a.Audience, Leeway: a.Leeway}
	var found faults
	for i, k := range a.Keys {
		path := fmt.Sprintf("auth.keys[%d]", i)
		key, field, err := k.load()
		if err == nil {
			err = key.Check()
		}
		if err != nil {
			found.add(path+field, "%v", err)
			continue
		}
		for j := range cfg.Keys {
			if key.Kid == cfg.Keys[j].Kid && key.Kid != "" {
				found.add(path+".kid", "another key is called %q too", key.Kid)
			}
		}
		cfg.Keys = append(cfg.Keys, key)
	}
	return cfg, found.join()
}

// load returns the key and the name of the field that it came from, or that is
// at fault.
func (k Key) load() (key auth.Key, field string, err error) {
	given := 0
	for _, f := range []struct{ name, value string }{
		{".secret", k.Secret},
		{".secretFile", k.SecretFile},
		{".publicKey", k.PublicKey},
		{".publicKeyFile", k.PublicKeyFile},
	} {
		if f.value != "" {
			field = f.name
			given++
		}
	}
	if given != 1 {
		return auth.Key{}, "", errors.New("needs one of secret, secretFile, publicKey and publicKeyFile")
	}
	key = auth.Key{Kid: k.Kid, Alg: auth.EdDSA}
	if k.Secret != "" || k.SecretFile != "" {
		key.Alg = auth.HS256
	}
	if k.Alg != "" && k.Alg != auth.HS256 && k.Alg != auth.EdDSA {
		return auth.Key{}, ".alg", fmt.Errorf("%.40q is not HS256 or EdDSA", k.Alg)
	}
	if k.Alg != "" && k.Alg != key.Alg {
		return auth.Key{}, ".alg", errors.New("HS256 goes with a secret, EdDSA with a public key")
	}
	text := k.Secret + k.PublicKey
	if name := k.SecretFile + k.PublicKeyFile; name != "" {
		if text, err = readBounded(name, maxKeyFileBytes); err != nil {
			return auth.Key{}, field, err
		}
		text = strings.TrimRight(text, "\r\n")
	}
	if key.Alg == auth.HS256 {
		key.Secret = []byte(text)
	} else {
		key.Public, err = auth.ParsePublicKey([]byte(text))
	}
	return key, field, err
}

// readBounded reads a file of at most limit bytes.
func readBounded(name string, limit int64) (string, error) {
	f, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return "", err
	}
	if int64(len(b)) > limit {
		return "", fmt.Errorf("%s is larger than %d bytes", name, limit)
	}
	return string(b), nil
}
