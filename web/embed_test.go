package web

import (
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
)

const page = `<script type="module" src="./assets/index.js"></script>`

func TestSite(t *testing.T) {
	if got := site(fstest.MapFS{"dist/.gitkeep": {}}); got != nil {
		t.Errorf("a site that was not built is %v, want nil", got)
	}
	built := site(fstest.MapFS{"dist/index.html": {Data: []byte(page)}})
	if built == nil {
		t.Fatal("a site that was built is nil")
	}
	got, err := fs.ReadFile(built, "index.html")
	if err != nil || string(got) != page {
		t.Errorf("index.html is %q, %v", got, err)
	}
}

func TestFiles_stand_under_any_path(t *testing.T) {
	files := Files()
	if files == nil {
		t.Skip("the playground is not built: make web")
	}
	index, err := fs.ReadFile(files, "index.html")
	if err != nil {
		t.Fatal(err)
	}
	for _, absolute := range []string{`src="/`, `href="/`, "http://", "https://"} {
		if strings.Contains(string(index), absolute) {
			t.Errorf("index.html refers to %s…", absolute)
		}
	}
}
