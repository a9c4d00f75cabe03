package crdt

import (
	"crypto/rand"
	"encoding/base64"
)

// MaxReplicaIDBytes bounds the length of a replica id.
const MaxReplicaIDBytes = 64

const replicaIDBits = 128

// newReplicaID draws an id that no other replica has: 22 characters of
// base64url.
func newReplicaID() string {
	var b [replicaIDBits / 8]byte
	rand.Read(b[:])
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// isReplicaID says whether id has the form of a replica id (rule CRDT-2).
func isReplicaID(id []byte) bool {
	if len(id) == 0 || len(id) > MaxReplicaIDBytes {
		return false
	}
	for _, c := range id {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '_', c == '-':
		default:
			return false
		}
	}
	return true
}

func errReused(id string, theirs, ours int64) *Error {
	return errorf(ReplicaReused, "Replica %s is known with %d, but this instance made %d under that id. Renew it, and join again.", id, theirs, ours)
}
