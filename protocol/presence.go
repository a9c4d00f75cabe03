package protocol

import (
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// The types of messages about presence (spec/presence.md). Client to server:
// watch, unwatch, enter, update, leave, signal. Server to client: the rest.
const (
	TypeWatch     = "watch"
	TypeUnwatch   = "unwatch"
	TypeEnter     = "enter"
	TypeUpdate    = "update"
	TypeLeave     = "leave"
	TypeSignal    = "signal"
	TypeWatching  = "watching"
	TypeUnwatched = "unwatched"
	TypeEntered   = "entered"
	TypeLeft      = "left"
	TypePresence  = "presence"
)

// PresenceVersion is a place in what watchers of a topic are told. It holds as
// long as the server lives that drew Epoch.
type PresenceVersion struct {
	Epoch   string `json:"epoch"`
	Version uint64 `json:"version"`
}

// Watch asks who is in a topic, and to be told what changes. In hello ID is 0.
type Watch struct {
	ID    uint64           `json:"id,omitzero"`
	Topic string           `json:"topic"`
	Since *PresenceVersion `json:"since,omitzero"` // what is known already
}

// Unwatch ends that.
type Unwatch struct {
	ID    uint64 `json:"id"`
	Topic string `json:"topic"`
}

// Enter makes a client a member of a topic, or renews it. In hello ID is 0.
type Enter struct {
	ID     uint64         `json:"id,omitzero"`
	Topic  string         `json:"topic"`
	Client string         `json:"client,omitzero"` // may be empty where there is one
	State  jsontext.Value `json:"state,omitzero"`
}

// Update changes a member's state. With ID 0 only a failure is answered.
type Update struct {
	ID     uint64         `json:"id,omitzero"`
	Topic  string         `json:"topic"`
	Client string         `json:"client,omitzero"`
	State  jsontext.Value `json:"state,omitzero"`
}

// Leave ends a member, or, with Away, says that it is about to go. Without Topic
// it is said of all topics that the client is in.
type Leave struct {
	ID     uint64 `json:"id"`
	Topic  string `json:"topic,omitzero"`
	Client string `json:"client,omitzero"`
	Away   bool   `json:"away,omitzero"`
}

// Signal calls something out to those who watch the topic. With ID 0 only a
// failure is answered; with one, success is not.
type Signal struct {
	ID     uint64         `json:"id,omitzero"`
	Topic  string         `json:"topic"`
	Client string         `json:"client,omitzero"`
	Name   string         `json:"name"`
	Data   jsontext.Value `json:"data,omitzero"`
}

// Member is one client that is in a topic.
type Member struct {
	Client string         `json:"client"`
	User   string         `json:"user,omitzero"` // the identity's sub; empty: the client is a user by itself
	Name   string         `json:"name,omitzero"` // the identity's, for display
	State  jsontext.Value `json:"state,omitzero"`
	Since  int64          `json:"since"` // when it entered, in milliseconds since 1970
}

// LeftUser is a user who was there.
type LeftUser struct {
	User string `json:"user"`
	Name string `json:"name,omitzero"`
	Time int64  `json:"time"` // when the last of its members left, in milliseconds since 1970
}

// Watching says who is in a topic (rule PRES-8). It answers Watch, or tells,
// unasked (ID 0), that the watcher must start anew.
type Watching struct {
	ID        uint64     `json:"id,omitzero"`
	Topic     string     `json:"topic"`
	Epoch     string     `json:"epoch"`
	Version   uint64     `json:"version"`
	Recovered bool       `json:"recovered"` // there are no Members; what has changed comes
	Count     int        `json:"count"`     // of members
	Users     int        `json:"users"`
	Members   []Member   `json:"members,omitempty"`
	Left      []LeftUser `json:"left,omitempty"`
	Mode      string     `json:"mode,omitzero"` // count: nobody is listed
	Grace     int64      `json:"grace"`         // how long one who is gone stays, in milliseconds
}

// Unwatched answers Unwatch, or tells, unasked, why it has ended.
type Unwatched struct {
	ID    uint64 `json:"id,omitzero"`
	Topic string `json:"topic"`
	Error *Error `json:"error,omitzero"`
}

// Entered answers Enter, and an Update with an ID.
type Entered struct {
	ID     uint64 `json:"id,omitzero"`
	Topic  string `json:"topic"`
	Client string `json:"client"`
}

// LeftMessage answers Leave, or tells, unasked, why a client is no member.
type LeftMessage struct {
	ID     uint64 `json:"id,omitzero"`
	Topic  string `json:"topic,omitzero"`
	Client string `json:"client"`
	Error  *Error `json:"error,omitzero"`
}

// MemberLeave tells that a member has left.
type MemberLeave struct {
	Client string `json:"client"`
	User   string `json:"user,omitzero"`
	Time   int64  `json:"time"`
}

// MemberUpdate tells a member's new state.
type MemberUpdate struct {
	Client string         `json:"client"`
	State  jsontext.Value `json:"state,omitzero"`
}

// MemberSignal tells what a member called out.
type MemberSignal struct {
	Client string         `json:"client"`
	User   string         `json:"user,omitzero"`
	Name   string         `json:"name"`
	Data   jsontext.Value `json:"data,omitzero"`
}

// Presence tells what has changed between two versions (rule PRES-8).
type Presence struct {
	Topic   string         `json:"topic"`
	From    uint64         `json:"from"`
	Version uint64         `json:"version"`
	Time    int64          `json:"time"` // by the server's clock, in milliseconds since 1970
	Count   int            `json:"count"`
	Users   int            `json:"users"`
	Leaves  []MemberLeave  `json:"leaves,omitempty"`
	Shown   []Member       `json:"shown,omitempty"` // were there, and are listed now, or have another name
	Joins   []Member       `json:"joins,omitempty"`
	Updates []MemberUpdate `json:"updates,omitempty"`
	Signals []MemberSignal `json:"signals,omitempty"`
}

// Heartbeat is the body of a member's heartbeat over HTTP (rule PRES-17).
type Heartbeat struct {
	Client string         `json:"client"` // a secret of its own choice
	State  jsontext.Value `json:"state,omitzero"`
	Leave  bool           `json:"leave,omitzero"`
	Away   bool           `json:"away,omitzero"`
}

const (
	minBeatClient = 8
	maxBeatClient = 255
)

// DecodeHeartbeat reads the body of POST /v1/topics/{topic}/presence.
func DecodeHeartbeat(body []byte, limits Limits) (Heartbeat, error) {
	var h Heartbeat
	if err := json.Unmarshal(body, &h); err != nil {
		return Heartbeat{}, jsonError(err)
	}
	printable := !strings.ContainsFunc(h.Client, func(r rune) bool { return r <= ' ' || r > '~' })
	if len(h.Client) < minBeatClient || len(h.Client) > maxBeatClient || !printable {
		return Heartbeat{}, Errorf(BadClient, "client is %d to %d characters of visible ASCII that nobody else knows.", minBeatClient, maxBeatClient)
	}
	return h, limits.checkState(h.State)
}

func (w *Watch) check(Limits) error {
	if err := checkID(w.ID); err != nil {
		return err
	}
	return CheckTopic(w.Topic)
}

func (u *Unwatch) check(Limits) error {
	if err := checkID(u.ID); err != nil {
		return err
	}
	return CheckTopic(u.Topic)
}

func (e *Enter) check(l Limits) error {
	if err := checkID(e.ID); err != nil {
		return err
	}
	return checkMember(e.Topic, e.Client, e.State, l)
}

// CheckState looks at the state of one that hello names: it is refused alone, and
// ends no connection (rule PRES-6).
func (e *Enter) CheckState(l Limits) error { return l.checkState(e.State) }

func (u *Update) check(l Limits) error { return checkMember(u.Topic, u.Client, u.State, l) }

func (v *Leave) check(Limits) error {
	if err := checkID(v.ID); err != nil {
		return err
	}
	if err := checkClient(v.Client); err != nil || v.Topic == "" {
		return err
	}
	return CheckTopic(v.Topic)
}

func (s *Signal) check(l Limits) error {
	if s.Name == "" {
		return Errorf(BadName, "A signal needs a name.")
	}
	if err := CheckName(s.Name); err != nil {
		return err
	}
	return checkMember(s.Topic, s.Client, s.Data, l)
}

func checkMember(topic, client string, state jsontext.Value, l Limits) error {
	if err := checkClient(client); err != nil {
		return err
	}
	if err := CheckTopic(topic); err != nil {
		return err
	}
	return l.checkState(state)
}

func checkClient(id string) error {
	if id != "" && len(id) != ClientIDBytes {
		return Errorf(BadClient, "")
	}
	return nil
}

// checkState looks at a state, or the data of a signal, of a message that is JSON
// (rule PRES-3).
func (l Limits) checkState(state jsontext.Value) error {
	if len(state) > l.StateBytes {
		return Errorf(TooLarge, "The state has %d bytes; %d are allowed.", len(state), l.StateBytes).Of(StateBytesLimit)
	}
	return l.checkShape(state)
}

// checkPresence looks at what hello says of presence.
func (h *Hello) checkPresence(l Limits) error {
	if len(h.Watch) > l.Topics || len(h.Enter) > l.Topics {
		return Errorf(LimitExceeded, "hello watches or enters more than %d topics.", l.Topics).Of(TopicsLimit)
	}
	for i := range h.Watch {
		h.Watch[i].ID = 0
		if err := CheckTopic(h.Watch[i].Topic); err != nil {
			return err
		}
	}
	for i := range h.Enter {
		h.Enter[i].ID = 0
		if err := checkClient(h.Enter[i].Client); err != nil {
			return err
		}
		if err := CheckTopic(h.Enter[i].Topic); err != nil {
			return err
		}
	}
	return nil
}
