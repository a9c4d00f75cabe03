package session

import (
	"time"

	"github.com/tuttisync/tutti/protocol"
)

// never is later than any batch takes.
const never = 24 * time.Hour

func (s *Session) hasExpired(now time.Time) bool {
	return s.state == expired || (!s.identity.Expires.IsZero() && !now.Before(s.identity.Expires))
}

// Tick tells that time has passed.
func (s *Session) Tick(now time.Time) []Effect {
	c := s.config
	switch s.state {
	case waiting, proving:
		if !now.Before(s.start.Add(c.HelloTimeout)) {
			return s.end(protocol.Errorf(protocol.HelloTimeout, "").Of(protocol.HelloTimeoutLimit))
		}
		return nil
	case finished:
		return nil
	}
	if s.Slow(now) {
		s.Heard(now) // it cannot be, while nothing is read
	} else {
		s.pace.until = time.Time{}
	}
	if s.road == Batch {
		return nil
	}
	if s.road == TwoWay && !now.Before(s.heard.Add(c.Ping+c.Grace)) {
		return s.end(protocol.Errorf(protocol.PingTimeout, ""))
	}
	var effects []Effect
	if s.state == live && s.hasExpired(now) {
		s.state, s.ended = expired, now
		effects = append(effects, Pause{}, Reply{&protocol.Failure{Error: protocol.Errorf(protocol.TokenExpired, "")}})
	}
	if s.state == expired && !now.Before(s.ended.Add(c.AuthGrace)) {
		return append(effects, s.end(protocol.Errorf(protocol.TokenExpired, ""))...)
	}
	silent := !now.Before(s.said.Add(c.Ping))
	deaf := s.road == TwoWay && !s.pinged && !now.Before(s.heard.Add(c.Ping))
	if silent || deaf {
		s.pinged, s.said = true, now
		effects = append(effects, Reply{&protocol.Ping{}})
	}
	return effects
}

// Deadline is when the next Tick is due, if nothing else happens before.
func (s *Session) Deadline() time.Time {
	c := s.config
	if s.state == waiting || s.state == proving {
		return s.start.Add(c.HelloTimeout)
	}
	next := s.said.Add(c.Ping)
	switch {
	case s.road == Batch:
		next = s.start.Add(never)
	case s.road == TwoWay && s.pinged:
		next = earlier(next, s.heard.Add(c.Ping+c.Grace))
	case s.road == TwoWay:
		next = earlier(next, s.heard.Add(c.Ping))
	}
	if !s.pace.until.IsZero() {
		next = earlier(next, s.pace.until)
	}
	if s.road == Batch {
		return next
	}
	if s.state == expired {
		return earlier(next, s.ended.Add(c.AuthGrace))
	}
	if !s.identity.Expires.IsZero() {
		next = earlier(next, s.identity.Expires)
	}
	return next
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
