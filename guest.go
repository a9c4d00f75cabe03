package tutti

import (
	"hash/fnv"
	"strconv"

	"github.com/tuttisync/tutti/auth"
	"github.com/tuttisync/tutti/protocol"
)

var (
	moods   = [...]string{"Amber", "Brisk", "Calm", "Dapper", "Eager", "Fabled", "Gentle", "Hazel", "Ivory", "Jolly", "Keen", "Lunar", "Mellow", "Nimble", "Opal", "Plucky"}
	animals = [...]string{"Otter", "Heron", "Lynx", "Marten", "Finch", "Badger", "Wren", "Hare", "Stoat", "Plover", "Vole", "Egret", "Newt", "Robin", "Shrew", "Teal"}
)

// guest is who a visitor is in dev: the same one for the same client, with all
// rights. Requests without a client are all one guest.
func guest(secret protocol.Secret) Identity {
	id := Identity{Sub: "guest", Name: "Guest", Grants: auth.FullRights()}
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
