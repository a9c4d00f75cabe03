package store

import (
	"crypto/rand"
	"encoding/base64"
)

// NewTerm returns a fresh term: 64 random bits as 11 characters of base64url.
func NewTerm() string {
	var b [8]byte
	rand.Read(b[:])
	return base64.RawURLEncoding.EncodeToString(b[:])
}
