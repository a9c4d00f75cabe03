package protocol

import (
	"crypto/sha256"
	"encoding/base64"
	"io"
	"strconv"
	"strings"
	"time"
)

// ClientIDBytes is the length of a client id.
const ClientIDBytes = 22

const day = 24 * time.Hour

// Secret proves a client. It is shown to the server only, in hello. Its text
// is the day of its birth, counted in UTC days since 1970, a dot, and 128
// random bits as 22 characters of base64url: "20781.q83vEjRWeJCrze8SNFZ4kA".
type Secret string

// NewSecret makes a secret born now from 16 bytes of random.
func NewSecret(random io.Reader, now time.Time) (Secret, error) {
	var b [16]byte
	if _, err := io.ReadFull(random, b[:]); err != nil {
		return "", err
	}
	return Secret(strconv.FormatInt(now.Unix()/86400, 10) + "." + base64.RawURLEncoding.EncodeToString(b[:])), nil
}

// Birthday returns the start of the UTC day on which the secret was made, or
// bad_client if it is not a secret (rule CLIENT-1).
func (s Secret) Birthday() (time.Time, error) {
	days, random, ok := strings.Cut(string(s), ".")
	n, err := strconv.ParseUint(days, 10, 20)
	if b, derr := base64.RawURLEncoding.DecodeString(random); !ok || err != nil || derr != nil || len(b) < 16 || len(b) > 64 {
		return time.Time{}, Errorf(BadClient, "The client's secret is not of the form day.random with at least 128 random bits.")
	}
	return time.Unix(int64(n)*int64(day/time.Second), 0).UTC(), nil
}

// ClientID returns the id that the secret proves for the user sub: the first
// 22 characters of base64url(SHA-256("tutti" 0 sub 0 secret)) (rule CLIENT-2).
func ClientID(sub string, s Secret) string {
	h := sha256.New()
	io.WriteString(h, "tutti\x00"+sub+"\x00"+string(s))
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil))[:ClientIDBytes]
}
