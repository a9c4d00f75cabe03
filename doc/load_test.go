package doc_test

import (
	"errors"
	"testing"

	"github.com/tuttisync/tutti/doc"
	"github.com/tuttisync/tutti/protocol"
)

// FuzzLoad reads snapshots that anybody may have written.
func FuzzLoad(f *testing.F) {
	for _, seed := range []string{
		`[]`, `[["tea",["ann"]],["coffee",["bob","ann"]]]`, ` [ [ "tea" , [ "ann" ] ] ] `, `[["tea",["ann"]],["tea",["bob"]]]`,
		`[["tea",["ann"],1]]`, `[["tea"]]`, `[[]]`, `[null]`, `{}`, `[["tea",["ann"]]]]`, `[["tea",["ann"]]`, `[["\ud800",["ann"]]]`, `[[1,["ann"]]]`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, cells []byte) {
		s, err := doc.Load(Poll, 7, cells)
		if err != nil {
			if !errors.Is(err, protocol.Errorf(protocol.BadMessage, "")) {
				t.Fatalf("%s: %v is not bad_message", cells, err)
			}
			return
		}
		text := s.AppendCells(nil)
		again, err := doc.Load(Poll, 7, text)
		if err != nil || string(again.AppendCells(nil)) != string(text) || again.Bytes() != s.Bytes() {
			t.Fatalf("%s became %s, %v", cells, text, err)
		}
		if n := len(text) - len("[]"); s.Bytes() != n && s.Bytes() != n+1 {
			t.Fatalf("%s: Bytes is %d, the cells have %d", cells, s.Bytes(), n)
		}
	})
}
