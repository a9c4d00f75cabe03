package auth

import (
	"crypto"
	"errors"
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// Sign makes a token that proves id to whoever trusts the key, issued at now
// and good for ttl; a ttl of 0 never ends, a negative one has ended already.
// id.Expires does not matter. It names the key's Kid, no issuer and no
// audience; see [Config.Sign].
func Sign(key Key, id Identity, now time.Time, ttl time.Duration) (string, error) {
	return Config{Keys: []Key{key}}.Sign(id, now, ttl)
}

// Sign makes a token as the function [Sign] does, by the first of the keys that
// can sign, with the issuer and audience that the configuration expects.
func (c Config) Sign(id Identity, now time.Time, ttl time.Duration) (string, error) {
	if id.Sub == "" {
		return "", errors.New("auth: a token needs a sub")
	}
	if err := id.Check(); err != nil {
		return "", fmt.Errorf("auth: sign token: %w", err)
	}
	said := claims{issuer: c.Issuer, sub: id.Sub, name: id.Name, issued: instantOf(now), grants: id.Grants}
	if c.Audience != "" {
		said.audience = jwt.ClaimStrings{c.Audience}
	}
	if ttl != 0 {
		said.expires = instantOf(now.Add(ttl))
	}
	for _, k := range c.Keys {
		method, signing := k.signing()
		if method == nil {
			continue
		}
		if err := k.Check(); err != nil {
			return "", fmt.Errorf("auth: sign token: %w", err)
		}
		token := jwt.NewWithClaims(method, said)
		if k.Kid != "" {
			token.Header["kid"] = k.Kid
		}
		signed, err := token.SignedString(signing)
		if err != nil {
			return "", fmt.Errorf("auth: sign token: %w", err)
		}
		if len(signed) > MaxTokenBytes {
			return "", fmt.Errorf("auth: the token would have %d bytes; %d are allowed", len(signed), MaxTokenBytes)
		}
		return signed, nil
	}
	return "", errors.New("auth: no key can sign: it takes an HS256 secret or an EdDSA private key")
}

// signing returns the method and key to sign with; nil if the key only verifies.
func (k Key) signing() (jwt.SigningMethod, crypto.PrivateKey) {
	switch {
	case k.Alg == HS256:
		return jwt.SigningMethodHS256, k.Secret
	case k.Alg == EdDSA && len(k.Private) > 0:
		return jwt.SigningMethodEdDSA, k.Private
	}
	return nil, nil
}
