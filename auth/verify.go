package auth

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/tuttisync/tutti/protocol"
)

// MaxTokenBytes bounds a token; a longer one is not looked at.
const MaxTokenBytes = 8 << 10

// Config says which tokens are taken.
type Config struct {
	Keys     []Key         // none: no token is taken
	Issuer   string        // a token's iss must be this; empty: any or none
	Audience string        // a token's aud must hold this; empty: any or none
	Leeway   time.Duration // how far clocks may differ, for exp and nbf
}

// Verifier checks tokens.
type Verifier struct {
	keys    []Key
	options []jwt.ParserOption
	leeway  time.Duration
}

// NewVerifier makes a verifier. It returns an error, that shows nothing secret,
// if a key is not usable, two have the same kid, or the leeway is negative.
func NewVerifier(cfg Config) (*Verifier, error) {
	kids := make(map[string]bool)
	for i, k := range cfg.Keys {
		if err := k.Check(); err != nil {
			return nil, fmt.Errorf("auth: keys[%d]: %w", i, err)
		}
		if kids[k.Kid] && k.Kid != "" {
			return nil, fmt.Errorf("auth: keys[%d]: another key has the kid %q", i, k.Kid)
		}
		kids[k.Kid] = true
	}
	if cfg.Leeway < 0 {
		return nil, fmt.Errorf("auth: the leeway %v is negative", cfg.Leeway)
	}
	v := &Verifier{keys: slices.Clone(cfg.Keys), leeway: cfg.Leeway, options: []jwt.ParserOption{
		jwt.WithValidMethods([]string{string(HS256), string(EdDSA)}),
		jwt.WithStrictDecoding(),
		jwt.WithLeeway(cfg.Leeway),
	}}
	if cfg.Issuer != "" {
		v.options = append(v.options, jwt.WithIssuer(cfg.Issuer))
	}
	if cfg.Audience != "" {
		v.options = append(v.options, jwt.WithAudience(cfg.Audience))
	}
	return v, nil
}

// Verify returns the identity that the token proves at the time now. Its
// Expires is the token's exp and the leeway. It returns token_expired for a
// token that only its age is wrong with, bad_token for any other; a
// [*protocol.Error] that quotes nothing of the token.
func (v *Verifier) Verify(token string, now time.Time) (Identity, error) {
	if len(token) > MaxTokenBytes {
		return Identity{}, badToken("The token has %d bytes; %d are allowed.", len(token), MaxTokenBytes)
	}
	var c claims
	parser := jwt.NewParser(append(slices.Clip(v.options), jwt.WithTimeFunc(func() time.Time { return now }))...)
	if _, err := parser.ParseWithClaims(token, &c, v.candidates); err != nil {
		return Identity{}, refusal(err)
	}
	if c.sub == "" {
		return Identity{}, badToken("The token has no sub.")
	}
	id := Identity{Sub: c.sub, Name: c.name, Grants: c.grants}
	if c.expires != nil {
		id.Expires = c.expires.Add(v.leeway)
	}
	if err := id.Check(); err != nil {
		return Identity{}, badToken("The token's %v.", err)
	}
	return id, nil
}

var errNoKey = errors.New("no key")

// candidates returns the keys that may have signed the token: of its algorithm,
// and named by its kid. Where it has no kid all are tried; where no key is
// named so, those without a name.
func (v *Verifier) candidates(token *jwt.Token) (any, error) {
	if _, ok := token.Header["crit"]; ok {
		return nil, jwt.ErrTokenMalformed
	}
	kid, given := token.Header["kid"].(string)
	if _, ok := token.Header["kid"]; ok && !given {
		return nil, jwt.ErrTokenMalformed
	}
	var named, unnamed jwt.VerificationKeySet
	for _, k := range v.keys {
		switch {
		case string(k.Alg) != token.Method.Alg():
		case given && k.Kid == "":
			unnamed.Keys = append(unnamed.Keys, k.verifying())
		case !given || k.Kid == kid:
			named.Keys = append(named.Keys, k.verifying())
		}
	}
	switch {
	case len(named.Keys) > 0:
		return named, nil
	case len(unnamed.Keys) > 0:
		return unnamed, nil
	}
	return nil, errNoKey
}

// refusal turns the library's error, which may quote the token, into one of
// ours. Expiry comes last: a fresh token would not help where anything else is
// wrong as well.
func refusal(err error) error {
	var shape *claimError
	switch {
	case errors.As(err, &shape):
		return badToken("%s", shape.Error())
	case errors.Is(err, errNoKey):
		return badToken("No key is configured for the token's alg and kid.")
	case errors.Is(err, jwt.ErrTokenMalformed):
		return badToken("The token is not a well-formed JWT.")
	case errors.Is(err, jwt.ErrTokenInvalidIssuer), errors.Is(err, jwt.ErrTokenInvalidAudience),
		errors.Is(err, jwt.ErrTokenRequiredClaimMissing):
		return badToken("The token was not issued by, or not for, whom this server expects.")
	case errors.Is(err, jwt.ErrTokenNotValidYet):
		return badToken("The token is not valid yet.")
	case errors.Is(err, jwt.ErrTokenExpired):
		return protocol.Errorf(protocol.TokenExpired, "")
	}
	return badToken("The token is not signed with HS256 or EdDSA by a key of this server's.")
}

func badToken(format string, args ...any) error {
	return protocol.Errorf(protocol.BadToken, format, args...)
}
