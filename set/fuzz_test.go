package set_test

import (
	"testing"

	"github.com/tuttisync/tutti/doc/doctest"
	"github.com/tuttisync/tutti/set"
)

func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		`{"op":"add","values":["a",1,null,{"b":[],"a":{}}]}`, `{"op":"remove","values":[1,1.0,"1"]}`, `{"op":"add","values":[]}`, `{"op":"add","values":[1e21]}`, `{"op":"add","values":["\ud800"]}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) { doctest.Operation(t, set.Type, data) })
}

func FuzzDecodeCell(f *testing.F) {
	for _, seed := range []string{`[[1,"ann"],[2]]`, `[[2],[1]]`, `[[1],[1]]`, `[]`, `[[0]]`, `[[1,""]]`, `[[1,2]]`, `[[9007199254740992]]`, `[null]`, `null`} {
		f.Add(`"a"`, []byte(seed))
		f.Add(`{"b":1, "a":2}`, []byte(seed))
	}
	f.Fuzz(func(t *testing.T, key string, data []byte) { doctest.Cell(t, set.Type, key, data) })
}
