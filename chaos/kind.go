package chaos

// kind is one of the things that a Fault may say.
type kind int

const (
	delay kind = iota
	pause
	dribble
	buffer
	halfClose
	cutAfter
	loseAnswer
	cut
	reset
	refuse
	portal
	status

	kinds
)

var kindNames = [kinds]string{
	"delay", "pause", "dribble", "buffer", "halfClose", "cutAfter", "loseAnswer", "cut", "reset", "refuse", "portal", "status",
}

func (k kind) String() string { return kindNames[k] }

// directed says whether a rule may do it one way alone.
func (k kind) directed() bool { return k <= dribble || k == halfClose || k == cutAfter }

func (f *Fault) has(k kind) bool {
	switch k {
	case delay:
		return f.Delay != 0 || f.Jitter != 0
	case pause:
		return f.Pause
	case dribble:
		return f.Dribble != nil
	case buffer:
		return f.Buffer
	case halfClose:
		return f.HalfClose
	case cutAfter:
		return f.CutAfter != 0
	case loseAnswer:
		return f.LoseAnswer
	case cut:
		return f.Cut
	case reset:
		return f.Reset
	case refuse:
		return f.Refuse
	case portal:
		return f.Portal != nil
	case status:
		return f.Status != 0
	}
	return false
}

// covers says whether the rule does k to the bytes that go this way.
func (r *Rule) covers(k kind, way Direction) bool {
	switch {
	case !r.Fault.has(k):
		return false
	case k == buffer || k == loseAnswer || (k == cutAfter && r.Match.Direction == Both):
		return way == Down
	}
	return r.Match.Direction == Both || r.Match.Direction == way
}
