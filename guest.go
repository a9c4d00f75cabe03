package tutti

import (
	"hash/fnv"
	"strconv"
	"strings"

	"github.com/tuttisync/tutti/auth"
	"github.com/tuttisync/tutti/protocol"
)

var (
	moods   = [...]string{"Amber", "Brisk", "Calm", "Dapper", "Eager", "Fabled", "Gentle", "Hazel", "Ivory", "Jolly", "Keen", "Lunar", "Mellow", "Nimble", "Opal", "Plucky"}
	animals = [...]string{"Otter", "Heron", "Lynx", "Marten", "Finch", "Badger", "Wren", "Hare", "Stoat", "Plover", "Vole", "Egret", "Newt", "Robin", "Shrew", "Teal"}
)

// maxGuestBytes bounds the name that a visitor gives in dev.
const maxGuestBytes = 64

// guest is who a visitor is in dev, with all rights: who they say they are by a
// token that is no more than a name, else the same one for the same client.
// Requests with neither are all one guest (rule AUTH-7).
func guest(token string, secret protocol.Secret) Identity {
	id := Identity{Sub: "guest", Name: "Guest", Grants: auth.FullRights()}
	named := Identity{Sub: token, Name: token, Grants: id.Grants}
	if token != "" && len(token) <= maxGuestBytes && !strings.Contains(token, ".") && named.Check() == nil {
		return named
	}
	if secret == "" {
		return id
	}
	h := fnv.New32a()
	_, _ = h.Write([]byte(secret)) // never fails
	n := h.Sum32()
	id.Sub = "guest-" + strconv.FormatUint(uint64(n), 36)
	id.Name = moods[n%uint32(len(moods))] + " " + animals[n/uint32(len(moods))%uint32(len(animals))]
	return id
}
