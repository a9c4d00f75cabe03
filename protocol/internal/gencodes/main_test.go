package main

import (
	"bytes"
	"os"
	"testing"

	"github.com/tuttisync/tutti/protocol"
)

// TestGenerated fails when the table was changed and `go generate ./protocol`
// was not run.
func TestGenerated(t *testing.T) {
	for path, render := range map[string]func([]protocol.Kind) []byte{
		"../../../packages/client/src/codes.ts": typeScript,
		"../../../spec/errors.md":               markdown,
	} {
		have, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(have, render(protocol.Codes())) {
			t.Errorf("%s differs from protocol/error.go: run go generate ./protocol", path)
		}
	}
}
