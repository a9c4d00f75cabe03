package document

import (
	"errors"
	"io"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/tuttisync/tutti/text"
)

var errForm = errors.New("no operation")

// readOp reads an operation, and nothing behind it.
func readOp(in *jsontext.Decoder) (text.Op, error) {
	if err := expect(in, '['); err != nil {
		return nil, err
	}
	op := text.Op{}
	for in.PeekKind() == '[' {
		s, err := readSplice(in)
		if err != nil {
			return nil, err
		}
		op = append(op, s)
	}
	if err := expect(in, ']'); err != nil {
		return nil, err
	}
	if _, err := in.ReadToken(); !errors.Is(err, io.EOF) {
		return nil, errForm
	}
	return op, nil
}

func readSplice(in *jsontext.Decoder) (s text.Splice, err error) {
	if err = expect(in, '['); err != nil {
		return s, err
	}
	if s.At, err = readCount(in); err != nil {
		return s, err
	}
	if s.Delete, err = readCount(in); err != nil {
		return s, err
	}
	token, err := in.ReadToken()
	if err != nil {
		return s, err
	}
	if token.Kind() != '"' {
		return s, errForm
	}
	s.Insert = token.String()
	return s, expect(in, ']')
}

// readCount reads a whole number from 0 on, as an int holds it everywhere.
func readCount(in *jsontext.Decoder) (int, error) {
	if in.PeekKind() != '0' {
		return 0, errForm
	}
	value, err := in.ReadValue()
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseUint(string(value), 10, 31)
	return int(n), err
}

func expect(in *jsontext.Decoder, kind jsontext.Kind) error {
	if in.PeekKind() != kind {
		return errForm
	}
	_, err := in.ReadToken()
	return err
}
