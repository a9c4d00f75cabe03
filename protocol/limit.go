package protocol

import "slices"

// Limit names one bound of a server, by its key below limits in the
// configuration; [NameLimit] is of the protocol itself. They are a closed set
// (see [LimitNames]), so that what ran into one can be counted.
type Limit string

// The limits. Which default each has, what is answered and whether that passes
// stands in spec/protocol.md, rules LIMIT.
const (
	NameLimit         Limit = "name" // bytes of a topic's or an event's name
	MessageBytesLimit Limit = "messageBytes"
	FrameBytesLimit   Limit = "frameBytes"
	FragmentsLimit    Limit = "fragments"
	DepthLimit        Limit = "depth"
	MembersLimit      Limit = "members"
	TopicsLimit       Limit = "topics"
	ClientsLimit      Limit = "clients"
	VoidsLimit        Limit = "voids"
	PageLimit         Limit = "page"

	DocumentBytesLimit Limit = "documentBytes"
	StateBytesLimit    Limit = "stateBytes"
	PresenceBytesLimit Limit = "presenceBytes"

	HelloTimeoutLimit       Limit = "helloTimeout"
	MaxConnectionsLimit     Limit = "maxConnections"
	AddressConnectionsLimit Limit = "addressConnections"
	UserConnectionsLimit    Limit = "userConnections"
	ConnectsLimit           Limit = "connects"
	AddressConnectsLimit    Limit = "addressConnects"

	CommandsLimit Limit = "commands"
	BytesLimit    Limit = "bytes"
	RequestsLimit Limit = "requests"

	OutboundBytesLimit Limit = "outboundBytes"
	OutboundTotalLimit Limit = "outboundTotal"
)

var limitNames = []Limit{
	NameLimit, MessageBytesLimit, FrameBytesLimit, FragmentsLimit, DepthLimit, MembersLimit, TopicsLimit, ClientsLimit,
	VoidsLimit, PageLimit, DocumentBytesLimit, StateBytesLimit, PresenceBytesLimit, HelloTimeoutLimit, MaxConnectionsLimit, AddressConnectionsLimit, UserConnectionsLimit,
	ConnectsLimit, AddressConnectsLimit, CommandsLimit, BytesLimit, RequestsLimit, OutboundBytesLimit, OutboundTotalLimit,
}

// LimitNames returns all limits. The caller owns the slice.
func LimitNames() []Limit { return slices.Clone(limitNames) }
