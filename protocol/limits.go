package protocol

// Limits are what a server takes from one connection, told in welcome.
type Limits struct {
	MessageBytes int `json:"messageBytes"` // data of one entry
	FrameBytes   int `json:"frameBytes"`   // one frame or request body
	Topics       int `json:"topics"`       // subscriptions of one connection
	Clients      int `json:"clients"`      // clients proved by one hello
	Voids        int `json:"voids"`        // ranges in one entry's voids
	Depth        int `json:"depth"`        // nesting of data
	Page         int `json:"page"`         // entries of one page of history
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
		Page:         1000,
	}
}

// tooDeep says whether valid JSON is nested deeper than limit.
func tooDeep(data []byte, limit int) bool {
	depth, inString := 0, false
	for i := 0; i < len(data); i++ {
		switch c := data[i]; {
		case inString && c == '\\':
			i++
		case c == '"':
			inString = !inString
		case inString:
		case c == '{' || c == '[':
			if depth++; depth > limit {
				return true
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return false
}

// CheckData returns bad_message, too_large or too_deep unless data is one JSON
// value within the limits (rules ENTRY-1 and ENTRY-2): valid UTF-8, no lone
// surrogate, no duplicate names.
func (l Limits) CheckData(data []byte) error {
	if len(data) > l.MessageBytes {
		return Errorf(TooLarge, "The data has %d bytes; %d are allowed.", len(data), l.MessageBytes)
	}
	if err := checkJSON(data); err != nil {
		return err
	}
	return l.checkDepth(data)
}

func (l Limits) checkDepth(data []byte) error {
	if tooDeep(data, l.Depth) {
		return Errorf(TooDeep, "The data is nested more than %d deep.", l.Depth)
	}
	return nil
}
