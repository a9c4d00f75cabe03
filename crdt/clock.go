package crdt

import (
	"cmp"
	"time"
)

const (
	// DefaultMaxSkew is how far ahead of the local clock a stamp may be.
	DefaultMaxSkew = time.Minute

	maxStampCount = 1<<16 - 1
)

// Clock tells an [LWWRegister] or an [LWWMap] the time. The zero Clock is the
// system's.
type Clock struct {
	Now     func() time.Time // default time.Now
	MaxSkew time.Duration    // whole milliseconds; default DefaultMaxSkew
}

// stamp is when something was written, and by whom.
type stamp struct {
	ms, count int64
	id        string
}

func (s stamp) compare(t stamp) int {
	return cmp.Or(cmp.Compare(s.ms, t.ms), cmp.Compare(s.count, t.count), cmp.Compare(s.id, t.id))
}

func (r *reader) stamp() stamp {
	var s stamp
	r.tuple(func() {
		s.ms = r.whole(0, MaxCount)
		s.count = r.whole(0, maxStampCount)
		s.id = r.id()
	})
	return s
}

// hybrid is a hybrid logical clock (Kulkarni, Demirbas, Madappa, Avva, Leone:
// "Logical Physical Clocks", 2014). Its stamps are close to the physical time,
// and each is greater than all that the clock has seen. Unlike there, joining
// a state does not count as an event of its own: it is no write.
type hybrid struct {
	now  func() time.Time
	skew int64 // ms
	last stamp // the greatest that was made or joined, whoever made it
	made stamp // the greatest of the own replica id
}

// never is before every stamp.
var never = stamp{ms: -1}

func newHybrid(c Clock) hybrid {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.MaxSkew <= 0 {
		c.MaxSkew = DefaultMaxSkew
	}
	return hybrid{now: c.Now, skew: c.MaxSkew.Milliseconds(), last: never, made: never}
}

// local returns the local time within what a stamp can tell.
func (h *hybrid) local() int64 { return min(max(0, h.now().UnixMilli()), MaxCount) }

// next returns a stamp greater than all others.
func (h *hybrid) next(id string) (stamp, error) {
	now := h.local()
	s := stamp{ms: now, id: id}
	if now <= h.last.ms {
		s.ms, s.count = h.last.ms, h.last.count+1
		if s.count > maxStampCount {
			s.ms, s.count = s.ms+1, 0
		}
	}
	switch {
	case s.ms > now+h.skew:
		return stamp{}, h.errSkew(s, now)
	case s.ms > MaxCount:
		return stamp{}, errorf(OutOfRange, "The time is past 2^53−1 milliseconds.")
	}
	h.last, h.made = s, s
	return s, nil
}

// checkReuse is rule CRDT-8 for a stamp to be joined.
func (h *hybrid) checkReuse(own string, s stamp) error {
	if s.id == own && s.compare(h.made) > 0 {
		return errorf(ReplicaReused, "Replica %s is known to have written at [%d, %d], later than this instance did under that id. Renew it, and join again.", own, s.ms, s.count)
	}
	return nil
}

// checkSkew is rule CRDT-12 for a stamp to be joined, at a local time.
func (h *hybrid) checkSkew(s stamp, now int64) error {
	if s.ms > now+h.skew {
		return h.errSkew(s, now)
	}
	return nil
}

func (h *hybrid) errSkew(s stamp, now int64) error {
	return errorf(ClockSkew, "A stamp of replica %s is %d ms ahead of the local clock; %d are allowed.", s.id, s.ms-now, h.skew)
}

// join takes note of a stamp.
func (h *hybrid) join(s stamp) {
	if s.compare(h.last) > 0 {
		h.last = s
	}
}

// goOn begins to make stamps of another replica id. It takes every stamp up to
// the last for one of that id, since a state does not tell the own ones that
// others have replaced.
func (h *hybrid) goOn() { h.made = h.last }
