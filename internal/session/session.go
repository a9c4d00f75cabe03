package session

import (
	"errors"
	"iter"
	"time"

	"github.com/tuttisync/tutti/auth"
	"github.com/tuttisync/tutti/protocol"
)

// Config says how long a session waits for what. Every field must be set.
type Config struct {
	HelloTimeout time.Duration // from the start to hello
	Ping         time.Duration // rule LIVE-1
	Grace        time.Duration
	AuthGrace    time.Duration // from the expiry of a token to the end
	Limits       protocol.Limits
	Commands     int // a second; 0: no bound
	Bytes        int // of messages, a second; 0: no bound
}

// Client is a client that the session proved.
type Client struct {
	ID     string
	Run    uint64
	Secret protocol.Secret
	Born   time.Time
}

type state uint8

const (
	waiting  state = iota // for hello
	proving               // hello came: its token, then its clients are looked at
	live                  // welcome was said
	expired               // the token is past its time
	finished              // End came out
)

// Session is one connection's conversation.
type Session struct {
	config *Config
	id     string
	road   Road
	state  state

	welcomed bool

	identity auth.Identity
	clients  []Client
	hello    *protocol.Hello // while proving
	auth     *protocol.Auth  // while its token is looked at
	prove    *protocol.Prove // while its clients are claimed
	proposed []Client        // that are claimed

	start  time.Time
	heard  time.Time // the last sign of life
	said   time.Time // the last thing said
	pinged bool      // since heard
	ended  time.Time // when the token expired
	pace   pace
}

// New starts a session. The config is shared and never written.
func New(config *Config, id string, road Road, now time.Time) *Session {
	return &Session{config: config, id: id, road: road, start: now, heard: now, said: now}
}

// ID names the connection.
func (s *Session) ID() string { return s.id }

// Road is how the peer came.
func (s *Session) Road() Road { return s.road }

// Welcomed says whether welcome was said.
func (s *Session) Welcomed() bool { return s.welcomed }

// Identity is who the peer is, as far as it is known.
func (s *Session) Identity() auth.Identity { return s.identity }

// Clients are the clients that are proved. The slice is shared: read only.
func (s *Session) Clients() []Client { return s.clients }

// Expired says whether the identity is past its time: then no entry may be
// delivered.
func (s *Session) Expired() bool { return s.state == expired }

// Heard notes a sign of life that is no message.
func (s *Session) Heard(now time.Time) { s.heard, s.pinged = now, false }

// Said notes that something was written to the peer.
func (s *Session) Said(now time.Time) { s.said = now }

// Input is one message of the peer, or why it is none.
type Input struct {
	command any
	err     error
	size    int  // bytes of the message
	fatal   bool // no message could be told in the frame
}

// Parse takes a frame of the peer apart, message by message: what a frame
// becomes may be many times its size. The inputs own their memory.
func Parse(frame []byte, road Road, limits protocol.Limits) iter.Seq[Input] {
	most := limits.FrameBytes
	if road != TwoWay {
		most += protocol.HelloBytes
	}
	return func(yield func(Input) bool) {
		if len(frame) > most {
			err := protocol.Errorf(protocol.TooLarge, "The frame has %d bytes; %d are allowed.", len(frame), most)
			yield(Input{err: err.Of(protocol.FrameBytesLimit), fatal: true})
			return
		}
		messages, err := protocol.Split(frame)
		if err != nil {
			yield(Input{err: err, fatal: true})
			return
		}
		for _, m := range messages {
			in := Input{size: len(m)}
			in.command, in.err = protocol.DecodeCommand(m, limits)
			if !yield(in) {
				return
			}
		}
	}
}

// Receive takes one message of the peer.
func (s *Session) Receive(now time.Time, in Input) []Effect {
	s.Heard(now)
	if in.fatal {
		return s.end(protocol.AsError(in.err))
	}
	return s.command(now, in.command, in.size, in.err)
}

func (s *Session) command(now time.Time, command any, size int, err error) []Effect {
	switch s.state {
	case waiting:
		hello, ok := command.(*protocol.Hello)
		if err != nil {
			return s.end(protocol.AsError(err))
		}
		if !ok {
			return s.end(protocol.Errorf(protocol.BadMessage, "The first message must be hello."))
		}
		return s.greet(now, hello)
	case live, expired:
		limited := s.pace.take(now, s.config, size)
		if err != nil {
			return s.malformed(err)
		}
		return s.dispatch(now, command, limited)
	}
	return nil
}

func (s *Session) greet(now time.Time, hello *protocol.Hello) []Effect {
	if s.road == Batch && len(hello.Topics)+len(hello.Watch) > 0 {
		return s.end(protocol.Errorf(protocol.BadMessage, "Topics are read by a connection, not by commands."))
	}
	if err := unborn(now, hello.Clients); err != nil {
		return s.end(err)
	}
	s.state, s.hello = proving, hello
	a := Authenticate{Token: hello.Token}
	if len(hello.Clients) > 0 {
		a.Secret = hello.Clients[0].Secret
	}
	return []Effect{a}
}

// Authenticated tells the answer to Authenticate.
func (s *Session) Authenticated(now time.Time, identity auth.Identity, err error) []Effect {
	switch {
	case s.auth != nil:
		return s.reauthenticated(now, identity, err)
	case s.state != proving:
		return nil
	case err != nil:
		return s.end(protocol.AsError(err))
	}
	s.identity = identity
	s.proposed = s.proven(s.hello.Clients)
	return []Effect{Claim{Clients: s.proposed}}
}

// unborn returns bad_client if a secret is from the future.
func unborn(now time.Time, proofs []protocol.ClientProof) *protocol.Error {
	for _, p := range proofs {
		if born, _ := p.Secret.Birthday(); born.After(now.Add(24 * time.Hour)) {
			return protocol.Errorf(protocol.BadClient, "The client's secret is from the future.")
		}
	}
	return nil
}

// proven are the identity's clients that the proofs prove.
func (s *Session) proven(proofs []protocol.ClientProof) []Client {
	var clients []Client
	for _, p := range proofs {
		born, _ := p.Secret.Birthday()
		id := protocol.ClientID(s.identity.Sub, p.Secret)
		clients = append(clients, Client{ID: id, Run: p.Run, Secret: p.Secret, Born: born})
	}
	return clients
}

// Claimed tells the answer to Claim.
func (s *Session) Claimed(_ time.Time, err error) []Effect {
	if err == nil {
		s.clients = s.proposed
	}
	s.proposed = nil
	if p := s.prove; p != nil {
		s.prove = nil
		if err != nil {
			return fail(p.ID, protocol.AsError(err))
		}
		return []Effect{Reply{&protocol.Proved{ID: p.ID, Clients: ids(s.clients)}}}
	}
	if s.state != proving {
		return nil
	}
	if err != nil {
		return s.end(protocol.AsError(err))
	}
	s.state, s.welcomed = live, true
	welcome := &protocol.Welcome{
		Session: s.id,
		Sub:     s.identity.Sub,
		Name:    s.identity.Name,
		Ping:    s.config.Ping.Milliseconds(),
		Grace:   s.config.Grace.Milliseconds(),
		Limits:  s.config.Limits,
		Clients: ids(s.clients),
	}
	effects := []Effect{Reply{welcome}}
	for _, t := range s.hello.Topics {
		effects = append(effects, Subscribe{Identity: s.identity, Command: t})
	}
	effects = append(effects, s.arrive(s.hello)...)
	s.hello = nil
	return effects
}

func ids(clients []Client) []string {
	var all []string
	for _, c := range clients {
		all = append(all, c.ID)
	}
	return all
}

func (s *Session) reauthenticated(now time.Time, identity auth.Identity, err error) []Effect {
	id := s.auth.ID
	s.auth = nil
	if s.state != live && s.state != expired {
		return nil
	}
	switch {
	case err != nil:
	case identity.Sub != s.identity.Sub:
		err = protocol.Errorf(protocol.BadToken, "The token is another user's.")
	case !identity.Expires.IsZero() && !now.Before(identity.Expires):
		err = protocol.Errorf(protocol.TokenExpired, "")
	}
	if err != nil {
		return fail(id, protocol.AsError(err))
	}
	s.identity, s.state = identity, live
	return []Effect{
		Reply{&protocol.Authenticated{ID: id, Sub: identity.Sub, Name: identity.Name}},
		Review{Identity: identity},
	}
}

// dispatch serves a command; one that is limited only if it asks for nothing.
func (s *Session) dispatch(now time.Time, command any, limited *protocol.Error) []Effect {
	if err := s.road.takes(command); err != nil {
		return fail(commandID(command), err)
	}
	switch c := command.(type) {
	case *protocol.Hello:
		return []Effect{Reply{&protocol.Failure{Error: protocol.Errorf(protocol.BadMessage, "hello was said before.")}}}
	case *protocol.Auth:
		s.auth = c
		a := Authenticate{Token: c.Token}
		if len(s.clients) > 0 {
			a.Secret = s.clients[0].Secret
		}
		return []Effect{a}
	case *protocol.Prove:
		err := s.hinders(now, limited)
		if err == nil {
			err = unborn(now, c.Clients)
		}
		if err != nil {
			return fail(c.ID, err)
		}
		s.prove, s.proposed = c, s.proven(c.Clients)
		return []Effect{Claim{Clients: s.proposed}}
	case *protocol.Ping:
		return []Effect{Reply{&protocol.Pong{}}}
	case *protocol.Pong:
		return nil
	case *protocol.Publish:
		return s.publish(now, c, limited)
	case *protocol.Unsubscribe:
		return []Effect{Unsubscribe{Command: *c}}
	case *protocol.Subscribe:
		if err := s.hinders(now, limited); err != nil {
			return fail(c.ID, err)
		}
		return []Effect{Subscribe{Identity: s.identity, Command: *c}}
	case *protocol.History:
		if err := s.hinders(now, limited); err != nil {
			return fail(c.ID, err)
		}
		return []Effect{History{Identity: s.identity, Command: *c}}
	case *protocol.Watch, *protocol.Unwatch, *protocol.Enter, *protocol.Update, *protocol.Leave, *protocol.Signal:
		return s.presence(now, command, limited)
	}
	panic("session: a command without a case")
}

// hinders returns what stands in a command's way.
func (s *Session) hinders(now time.Time, limited *protocol.Error) *protocol.Error {
	if s.hasExpired(now) {
		return protocol.Errorf(protocol.TokenExpired, "")
	}
	return limited
}

func fail(id uint64, err *protocol.Error) []Effect {
	return []Effect{Reply{&protocol.Failure{ID: id, Error: err}}}
}

func (s *Session) publish(now time.Time, c *protocol.Publish, limited *protocol.Error) []Effect {
	client, err := s.client(c.Client)
	if err != nil {
		return []Effect{Reply{&protocol.RejectedMessage{Topic: c.Topic, Client: c.Client, Seq: c.Seq, Error: err}}}
	}
	p := Publish{Identity: s.identity, Client: client, Command: *c, Limited: limited}
	if limited != nil {
		p.Command.Data = nil
	}
	if s.hasExpired(now) {
		p.Denied = protocol.Errorf(protocol.TokenExpired, "")
	}
	return []Effect{p}
}

// client returns the proved client with this id, or the only one.
func (s *Session) client(id string) (Client, *protocol.Error) {
	if id == "" && len(s.clients) == 1 {
		return s.clients[0], nil
	}
	for _, c := range s.clients {
		if c.ID == id {
			return c, nil
		}
	}
	return Client{}, protocol.Errorf(protocol.BadClient, "Nothing proved this client.")
}

// malformed answers a message that could not be understood. A publish whose
// seq could be read is judged where its siblings are, so that their answers
// keep their order.
func (s *Session) malformed(err error) []Effect {
	var bad *protocol.BadCommand
	if !errors.As(err, &bad) {
		bad = &protocol.BadCommand{Err: protocol.AsError(err)}
	}
	switch {
	case bad.Type == protocol.TypeUpdate, bad.Type == protocol.TypeSignal:
		return failIn(bad.Topic, bad.ID, bad.Err)
	case bad.Type != protocol.TypePublish, bad.Seq == 0:
		return fail(bad.ID, bad.Err)
	}
	client, cerr := s.client(bad.Client)
	if cerr != nil || protocol.CheckTopic(bad.Topic) != nil {
		return []Effect{Reply{&protocol.RejectedMessage{Topic: bad.Topic, Client: bad.Client, Seq: bad.Seq, Error: bad.Err}}}
	}
	return []Effect{Publish{
		Identity: s.identity, Client: client, Denied: bad.Err,
		Command: protocol.Publish{Topic: bad.Topic, Client: client.ID, Seq: bad.Seq},
	}}
}

func (s *Session) end(err *protocol.Error) []Effect {
	if s.state == finished {
		return nil
	}
	s.state = finished
	return []Effect{End{Err: err}}
}
