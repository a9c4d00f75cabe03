package session

import (
	"github.com/tuttisync/tutti/auth"
	"github.com/tuttisync/tutti/protocol"
)

// Effect is something that the driver must do: one of the types below.
type Effect interface{ effect() }

type (
	// Reply says a message to the peer.
	Reply struct{ Message any }

	// Authenticate asks for the identity behind a token; the answer goes to
	// [Session.Authenticated]. It may block whatever comes next on this
	// connection.
	Authenticate struct {
		Token  string
		Secret protocol.Secret // of the hello's first client, or empty
	}

	// Claim asks to register the clients that hello or prove named, in place of
	// those that were registered; the answer goes to [Session.Claimed].
	Claim struct{ Clients []Client }

	// Subscribe asks for a subscription. The driver answers it itself.
	Subscribe struct {
		Identity auth.Identity
		Command  protocol.Subscribe
	}

	// Unsubscribe ends a subscription. The driver answers it itself.
	Unsubscribe struct{ Command protocol.Unsubscribe }

	// Publish asks a topic to take an entry. The driver answers it itself.
	// With Denied it is not to be taken unless it is a repeat; with Limited
	// neither, but rights go before that. Limited, it has no data.
	Publish struct {
		Identity auth.Identity
		Client   Client
		Command  protocol.Publish
		Denied   *protocol.Error
		Limited  *protocol.Error
	}

	// History asks for a page. The driver answers it itself.
	History struct {
		Identity auth.Identity
		Command  protocol.History
	}

	// Watch asks to be told who is in a topic. The driver answers it itself.
	Watch struct {
		Identity auth.Identity
		Command  protocol.Watch
	}

	// Unwatch ends that. The driver answers it itself.
	Unwatch struct{ Command protocol.Unwatch }

	// Enter makes a client a member of a topic. The driver answers it itself.
	Enter struct {
		Identity auth.Identity
		Client   Client
		Command  protocol.Enter
	}

	// Update changes a member's state. The driver answers it itself.
	Update struct {
		Identity auth.Identity
		Client   Client
		Command  protocol.Update
	}

	// Leave ends a member. The driver answers it itself.
	Leave struct {
		Client  Client
		Command protocol.Leave
	}

	// Signal calls something out. The driver answers it itself.
	Signal struct {
		Identity auth.Identity
		Client   Client
		Command  protocol.Signal
	}

	// Review says that the identity is another now: subscriptions without a
	// right must end, paused ones go on.
	Review struct{ Identity auth.Identity }

	// Pause says that no entry may be delivered until a Review.
	Pause struct{}

	// End says the reason, if Err is not nil, and ends the connection.
	End struct{ Err *protocol.Error }
)

func (Reply) effect()        {}
func (Authenticate) effect() {}
func (Claim) effect()        {}
func (Subscribe) effect()    {}
func (Unsubscribe) effect()  {}
func (Publish) effect()      {}
func (History) effect()      {}
func (Watch) effect()        {}
func (Unwatch) effect()      {}
func (Enter) effect()        {}
func (Update) effect()       {}
func (Leave) effect()        {}
func (Signal) effect()       {}
func (Review) effect()       {}
func (Pause) effect()        {}
func (End) effect()          {}
