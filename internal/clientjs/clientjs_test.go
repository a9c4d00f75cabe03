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

func TestModules_are_what_packages_client_builds(t *testing.T) {
	for name, source := range map[string][]byte{"client.js": Source, "fallback.js": Fallback, "text.js": Text} {
		built, err := os.ReadFile("../../packages/client/dist/" + name)
		if errors.Is(err, fs.ErrNotExist) {
			t.Skip("packages/client is not built: make web")
		}
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(source, sourceMap.ReplaceAll(built, nil)) {
			t.Errorf("%s is not up to date: make gen", name)
		}
	}
}

func TestSource_names_Fallback(t *testing.T) {
	if !bytes.Contains(Source, []byte("import(`./fallback.js`)")) {
		t.Fatal("client.js does not import ./fallback.js")
	}
}

func TestText_imports_Source(t *testing.T) {
	if !bytes.Contains(Text, []byte(`from"./client.js"`)) {
		t.Fatal("text.js does not import ./client.js")
	}
}
