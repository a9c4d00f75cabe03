package topic

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"time"
)

// KeyMemory is how long an Idempotency-Key is kept.
const KeyMemory = 24 * time.Hour

// KeyKey returns the key of the row of an Idempotency-Key that the user sub
// gave.
func KeyKey(sub, key string) string {
	sum := sha256.Sum256([]byte(sub + "\x00" + key))
	return "k" + base64.RawURLEncoding.EncodeToString(sum[:])
}

// keyRow is what a topic remembers of one Idempotency-Key.
type keyRow struct {
	offset uint64
	time   int64 // seconds since 1970
	body   [sha256.Size]byte
}

func (k keyRow) forgotten(now time.Time) bool {
	return k.offset == 0 || now.Sub(time.Unix(k.time, 0)) > KeyMemory
}

func (k keyRow) append(b []byte) []byte {
	b = append(b, rowVersion)
	b = binary.BigEndian.AppendUint64(b, k.offset)
	b = binary.BigEndian.AppendUint64(b, uint64(k.time))
	return append(b, k.body[:]...)
}

func parseKeyRow(b []byte) (keyRow, error) {
	if len(b) == 0 {
		return keyRow{}, nil
	}
	if b[0] != rowVersion || len(b) != 1+8+8+sha256.Size {
		return keyRow{}, errBadRow
	}
	k := keyRow{
		offset: binary.BigEndian.Uint64(b[1:]),
		time:   int64(binary.BigEndian.Uint64(b[9:])),
	}
	copy(k.body[:], b[17:])
	return k, nil
}

// Forgotten says whether a row of a topic, of either kind, is past its time
// and may be deleted. A damaged row is kept: an operator may want to see it.
func Forgotten(key string, value []byte, now time.Time) bool {
	switch {
	case key == "":
		return false
	case key[0] == 'c':
		r, err := parseRow(value)
		return err == nil && r.forgotten(now)
	case key[0] == 'k':
		k, err := parseKeyRow(value)
		return err == nil && k.forgotten(now)
	}
	return false
}
