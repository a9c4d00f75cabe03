package clientjs

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"regexp"
	"strings"
	"testing"
)

var sourceMap = regexp.MustCompile(`(?m)^//# sourceMappingURL=.*\n?`)

func TestModules_are_what_packages_client_builds(t *testing.T) {
	for name, source := range Modules {
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

func TestModules_import_each_other_alone(t *testing.T) {
	imports := regexp.MustCompile("(?:from|import\\()[\"`]([^\"`]*)[\"`]")
	found := map[string]bool{}
	for name, source := range Modules {
		for _, match := range imports.FindAllSubmatch(source, -1) {
			imported := strings.TrimPrefix(string(match[1]), "./")
			if Modules[imported] == nil {
				t.Errorf("%s imports %s, which is not there", name, match[1])
			}
			found[name+" "+imported] = true
		}
	}
	for _, want := range []string{"client.js fallback.js", "client.js keep.js", "keep.js client.js", "client.js share.js", "share.js share-worker.js", "text.js client.js"} {
		if !found[want] {
			t.Errorf("the first of %s does not import the second", want)
		}
	}
}
