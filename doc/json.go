package doc

import (
	"bytes"
	"errors"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/tuttisync/tutti/protocol"
)

// Decode reads an operation into v, a pointer to a struct with members by their
// JSON names. What it stores is canonical (rule DOC-22). Members that v lacks,
// and null where v has anything but a [jsontext.Value], are bad_operation; so
// is what does not fit, with form in the message, which says how an operation
// looks.
func Decode(data []byte, v any, form string) error {
	canonical, err := protocol.Canonical(data)
	if err != nil {
		return err
	}
	options := strict
	if bytes.Contains(canonical, []byte("null")) {
		options = strictNull // several times slower, and hardly ever needed
	}
	if err := json.Unmarshal(canonical, v, options); err != nil {
		return misfit(err, form)
	}
	return nil
}

// misfit says how an operation looks, and what of this one does not fit.
func misfit(err error, form string) error {
	var where *json.SemanticError
	if !errors.As(err, &where) || where.JSONPointer == "" {
		return protocol.Errorf(protocol.BadOperation, "An operation is %s.", form)
	}
	return protocol.Errorf(protocol.BadOperation, "An operation is %s; %.100q does not fit.", form, where.JSONPointer)
}

var strict = json.RejectUnknownMembers(true)

var strictNull = json.JoinOptions(
	strict,
	json.WithUnmarshalers(json.UnmarshalFromFunc(func(dec *jsontext.Decoder, v any) error {
		if dec.PeekKind() == 'n' {
			if _, raw := v.(*jsontext.Value); !raw {
				return protocol.Errorf(protocol.BadOperation, "")
			}
		}
		return errors.ErrUnsupported
	})),
)

// QuotedBytes is how many bytes a string has as canonical JSON.
func QuotedBytes(s string) int {
	n := len(s) + len(`""`)
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			n++
		case c >= ' ':
		case c == '\b' || c == '\t' || c == '\n' || c == '\f' || c == '\r':
			n++
		default:
			n += len(`\u0000`) - 1
		}
	}
	return n
}

var errShape = errors.New("not what was expected")

// expect reads a token of that kind.
func expect(dec *jsontext.Decoder, kind jsontext.Kind) error {
	token, err := dec.ReadToken()
	if err == nil && token.Kind() != kind {
		err = errShape
	}
	return err
}
