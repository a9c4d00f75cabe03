package hub

import (
	"context"

	"github.com/tuttisync/tutti/auth"
	"github.com/tuttisync/tutti/internal/presence"
	"github.com/tuttisync/tutti/protocol"
)

// Attendance is a page of who is in a topic (rule PRES-16).
type Attendance struct {
	Topic   string            `json:"topic"`
	Epoch   string            `json:"epoch"`
	Version uint64            `json:"version"`
	Count   int               `json:"count"`
	Users   int               `json:"users"`
	Members []protocol.Member `json:"members"`
	Next    string            `json:"next,omitzero"` // the After of the next page
}

// Attendance tells who is in a topic: at most limit members behind the client
// after.
func (h *Hub) Attendance(ctx context.Context, identity auth.Identity, topic, after string, limit int) (*Attendance, error) {
	if err := protocol.CheckTopic(topic); err != nil {
		return nil, err
	}
	if err := h.allow(ctx, identity, auth.Read, topic); err != nil {
		return nil, err
	}
	return h.attendance(topic, after, limit)
}

func (h *Hub) attendance(topic, after string, limit int) (*Attendance, error) {
	config, err := h.presence(topic)
	if err != nil {
		return nil, err
	}
	a := &Attendance{Topic: topic, Epoch: h.rooms.epoch, Members: []protocol.Member{}}
	r := h.lockRoom(topic, config, false)
	if r == nil {
		return a, nil
	}
	defer r.mu.Unlock()
	a.Epoch, a.Version, a.Count, a.Users = r.epoch, r.core.Version(), r.core.Count(), r.core.Users()
	page, more := r.core.Page(after, limit)
	if len(page) > 0 {
		a.Members = page
	}
	if more {
		a.Next = page[len(page)-1].Client
	}
	return a, nil
}

// Everyone tells who is in a topic: all of them, whatever rights anybody has.
func (h *Hub) Everyone(topic string) (*Attendance, error) {
	return h.attendance(topic, "", int(^uint(0)>>1))
}

// Heartbeat is what a member without a connection says (rule PRES-17).
type Heartbeat struct {
	Topic  string
	Client string // its id
	State  []byte // nil: the former state stays
	Leave  bool
	Away   bool
}

// Leases are how long a heartbeat holds, and when the next is due, in milliseconds.
type Leases struct{ Lease, Heartbeat int64 }

// Beat takes a heartbeat.
func (h *Hub) Beat(ctx context.Context, identity auth.Identity, b Heartbeat) (Leases, error) {
	if err := h.allow(ctx, identity, auth.Presence, b.Topic); err != nil {
		return Leases{}, err
	}
	config, err := h.presence(b.Topic)
	if err != nil {
		return Leases{}, err
	}
	lease := config.lease().Milliseconds()
	told := Leases{Lease: lease, Heartbeat: lease * 5 / 6}
	if b.Leave || b.Away {
		h.part(membership{b.Topic, b.Client}, !b.Leave)
		return told, nil
	}
	e := presence.Entry{Client: b.Client, User: identity.Sub, Name: identity.Name, State: b.State, Keep: b.State == nil}
	return told, h.join(b.Topic, e)
}
