package protocol

// HelloBytes is how much longer than limits.frameBytes a body over HTTP may be:
// beside what a frame over WebSocket holds it begins with hello (rule ROAD-4).
const HelloBytes = 16 << 10

// Limits are what a server takes from one connection, told in welcome.
type Limits struct {
	MessageBytes int `json:"messageBytes"` // data of one entry
	FrameBytes   int `json:"frameBytes"`   // one frame or request body
	Topics       int `json:"topics"`       // subscriptions of one connection
	Clients      int `json:"clients"`      // clients that one connection speaks for
	Voids        int `json:"voids"`        // ranges in one entry's voids
	Depth        int `json:"depth"`        // nesting of data
	Members      int `json:"members"`      // of all objects and arrays of data, added up
	Page         int `json:"page"`         // entries of one page of history
	// DocumentBytes bounds a document's cells as JSON (rule DOC-7).
	DocumentBytes int `json:"documentBytes"`
	// StateBytes bounds a member's state (rule PRES-3).
	StateBytes int `json:"stateBytes"`
}

// DefaultLimits are the limits of a server that was told none.
func DefaultLimits() Limits {
	return Limits{
		MessageBytes: 64 << 10,
		FrameBytes:   256 << 10,
		Topics:       256,
		Clients:      32,
		Voids:        1024,
		Depth:        64,
		Members:      16384,
		Page:         1000,

		DocumentBytes: 4 << 20,
		StateBytes:    4 << 10,
	}
}

// measure tells of valid JSON how deep it is nested, and how many members all
// its objects and arrays have together.
func measure(data []byte) (depth, members int) {
	level, inString, begun := 0, false, false
	for i := 0; i < len(data); i++ {
		c := data[i]
		switch {
		case inString && c == '\\':
			i++
			continue
		case c == '"':
			inString = !inString
		case inString:
			continue
		}
		if begun && c > ' ' {
			if c != '}' && c != ']' {
				members++
			}
			begun = false
		}
		switch c {
		case '{', '[':
			begun = true
			level++
			depth = max(depth, level)
		case '}', ']':
			level--
		case ',':
			members++
		}
	}
	return depth, members
}

// CheckData returns bad_message, too_large, too_deep or limit_exceeded unless
// data is one JSON value within the limits (rules ENTRY-1 and ENTRY-2): valid
// UTF-8, no lone surrogate, no duplicate names.
func (l Limits) CheckData(data []byte) error {
	if len(data) > l.MessageBytes {
		return Errorf(TooLarge, "The data has %d bytes; %d are allowed.", len(data), l.MessageBytes).Of(MessageBytesLimit)
	}
	if err := checkJSON(data); err != nil {
		return err
	}
	return l.checkShape(data)
}

func (l Limits) checkShape(data []byte) error {
	depth, members := measure(data)
	switch {
	case depth > l.Depth:
		return Errorf(TooDeep, "The data is nested %d deep; %d are allowed.", depth, l.Depth).Of(DepthLimit)
	case members > l.Members:
		return Errorf(LimitExceeded, "The data has %d members; %d are allowed.", members, l.Members).Of(MembersLimit)
	}
	return nil
}
