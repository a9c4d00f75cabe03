package clientjs

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"regexp"
	"testing"
)

var sourceMap = regexp.MustCompile(`(?m)^//# sourceMappingURL=.*\n?`)

func TestSource_is_what_packages_client_builds(t *testing.T) {
	built, err := os.ReadFile("../../packages/client/dist/client.js")
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("packages/client is not built: make web")
	}
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(Source, sourceMap.ReplaceAll(built, nil)) {
		t.Fatal("client.js is not up to date: make gen")
	}
}
