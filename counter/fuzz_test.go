package counter_test

import (
	"testing"

	"github.com/tuttisync/tutti/counter"
	"github.com/tuttisync/tutti/doc/doctest"
)

func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		`{"op":"add","n":5}`, `{"n":-9007199254740991,"op":"add"}`, `{"op":"add","n":5.0}`, `{"op":"add","n":0}`, `{"op":"add","n":null}`, `{"op":"add","n":1e400}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) { doctest.Operation(t, counter.Type, data) })
}

func FuzzDecodeCell(f *testing.F) {
	for _, seed := range []string{`0`, `-9007199254740991`, `5.0`, `9007199254740992`, `null`, `"1"`} {
		f.Add("", []byte(seed))
		f.Add("a", []byte(seed))
	}
	f.Fuzz(func(t *testing.T, key string, data []byte) { doctest.Cell(t, counter.Type, key, data) })
}
