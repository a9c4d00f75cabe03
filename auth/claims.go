package auth

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// claims are what a token says. Names are matched exactly; a claim that is not
// here is passed over, and one that is null counts as absent.
type claims struct {
	issuer    string
	audience  jwt.ClaimStrings
	sub       string
	name      string
	expires   *instant
	notBefore *instant
	issued    *instant // must be a time, and is not judged: clocks differ
	grants    []Grant
}

// UnmarshalJSON reads the claims, each in its own type.
func (c *claims) UnmarshalJSON(b []byte) error {
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(b, &raw); err != nil {
		return err
	}
	for name, into := range map[string]any{
		"iss": &c.issuer, "aud": &c.audience, "sub": &c.sub, "name": &c.name,
		"exp": &c.expires, "nbf": &c.notBefore, "iat": &c.issued, "grants": &c.grants,
	} {
		if value, ok := raw[name]; ok {
			if err := json.Unmarshal(value, into); err != nil {
				return &claimError{name}
			}
		}
	}
	return nil
}

// MarshalJSON writes the claims that are set.
func (c claims) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Issuer    string           `json:"iss,omitzero"`
		Audience  jwt.ClaimStrings `json:"aud,omitzero"`
		Sub       string           `json:"sub"`
		Name      string           `json:"name,omitzero"`
		Expires   *instant         `json:"exp,omitzero"`
		NotBefore *instant         `json:"nbf,omitzero"`
		Issued    *instant         `json:"iat,omitzero"`
		Grants    []Grant          `json:"grants,omitempty"`
	}{c.issuer, c.audience, c.sub, c.name, c.expires, c.notBefore, c.issued, c.grants})
}

// The methods of [jwt.Claims].

func (c claims) GetIssuer() (string, error)                   { return c.issuer, nil }
func (c claims) GetSubject() (string, error)                  { return c.sub, nil }
func (c claims) GetAudience() (jwt.ClaimStrings, error)       { return c.audience, nil }
func (c claims) GetExpirationTime() (*jwt.NumericDate, error) { return c.expires.date(), nil }
func (c claims) GetNotBefore() (*jwt.NumericDate, error)      { return c.notBefore.date(), nil }
func (c claims) GetIssuedAt() (*jwt.NumericDate, error)       { return c.issued.date(), nil }

// claimError says which claim has the wrong shape, and quotes nothing of it.
type claimError struct{ claim string }

func (e *claimError) Error() string {
	return fmt.Sprintf("The token's claim %s has the wrong shape.", e.claim)
}

// instant is a time as claims hold it: seconds since 1970, perhaps with a
// fraction, kept to the millisecond.
type instant struct{ time.Time }

func instantOf(t time.Time) *instant { return &instant{t.Truncate(time.Millisecond)} }

// lastSecond is the end of the year 9999. A time beyond it would overflow what
// it is compared with.
const lastSecond = 253402300799

// UnmarshalJSON reads a number of seconds from 1970 to the year 9999.
func (i *instant) UnmarshalJSON(b []byte) error {
	var seconds float64
	if err := json.Unmarshal(b, &seconds); err != nil {
		return err
	}
	if seconds < 0 || seconds > lastSecond {
		return errors.New("not a time")
	}
	i.Time = time.UnixMilli(int64(math.Round(seconds * 1000)))
	return nil
}

// MarshalJSON writes seconds, whole where they are.
func (i instant) MarshalJSON() ([]byte, error) {
	return json.Marshal(float64(i.UnixMilli()) / 1000)
}

func (i *instant) date() *jwt.NumericDate {
	if i == nil {
		return nil
	}
	return &jwt.NumericDate{Time: i.Time}
}
