package text

import "errors"

// Code says what is wrong.
type Code string

// The codes.
const (
	BadOperation   Code = "bad_operation"   // a position is not in the text, or a text is not UTF-8
	BadUpdate      Code = "bad_update"      // what came is damaged, or of another version
	LimitExceeded  Code = "limit_exceeded"  // it would be larger than it may be
	AgentReused    Code = "agent_reused"    // two replicas are of one agent
	RebaseRequired Code = "rebase_required" // an entry's author has not seen enough of the log
)

// Error is what is wrong with an operation or an update. Nothing has changed.
type Error struct {
	Code    Code
	Message string
}

func (e *Error) Error() string { return string(e.Code) + ": " + e.Message }

// CodeOf returns the code of an error of this package; empty if it is none.
func CodeOf(err error) Code {
	var e *Error
	if !errors.As(err, &e) {
		return ""
	}
	return e.Code
}

func fail(code Code, message string) error { return &Error{code, message} }
