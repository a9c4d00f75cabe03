package archtest

import (
	"path"
	"slices"
	"strings"
	"testing"
)

func TestImports(t *testing.T) {
	packages, err := readModule("../..")
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(packages, func(p *source) bool { return p.name == "protocol" && len(p.imports) > 0 }) {
		t.Fatal("the module was not read: protocol imports nothing")
	}
	for _, p := range packages {
		for _, fault := range check(p) {
			t.Error(fault)
		}
	}
}

// The table says what it means: each pattern is well-formed, and what it names
// has a row.
func TestTable(t *testing.T) {
	for _, r := range table {
		for _, pattern := range append([]string{r.pkg}, r.may...) {
			if _, err := path.Match(pattern, ""); err != nil {
				t.Errorf("%s: %q: %v", r.pkg, pattern, err)
			}
			if !strings.Contains(pattern, "*") && !slices.ContainsFunc(table, func(r row) bool { return matches(r.pkg, pattern) }) {
				t.Errorf("%s may import %s, which has no row", r.pkg, pattern)
			}
		}
	}
}

func TestCheck(t *testing.T) {
	const own = module + "/"
	for _, c := range []struct {
		name, pkg, text string
		want            string // "" is taken
	}{
		{"an arrow", "internal/hub", `import "` + own + `store"`, ""},
		{"an arrow back", "store", `import "` + own + `internal/hub"`, "store imports " + own + "internal/hub: not an arrow of the table"},
		{"the root", "tuttitest", `import "` + module + `"`, ""},
		{"back to the root", "auth", `import "` + module + `"`, "auth imports " + module + ": not an arrow of the table"},
		{"by a pattern", "internal/transport/poll", `import "` + own + `internal/hub"`, ""},
		{"from one backend to another", "store/pebble", `import "` + own + `store/memory"`, "store/pebble imports " + own + "store/memory: not an arrow of the table"},
		{"a module of others", "store/nats", `import "github.com/nats-io/nats.go"`, ""},
		{"what only tests import", "cmd/tutti", `import "` + own + `internal/sim"`, "cmd/tutti imports " + own + "internal/sim: only tests import that"},
		{"a package without a row", "internal/util", ``, "internal/util has no row in the table of imports: decide where it stands"},
		{"a deeper package is another", "internal/hub/ring", ``, "internal/hub/ring has no row in the table of imports: decide where it stands"},

		{"a module in a pure package", "text", `import "golang.org/x/text/width"`, "text imports golang.org/x/text/width: a pure package uses the standard library only"},
		{"JSON in protocol", "protocol", `import "github.com/go-json-experiment/json"`, ""},
		{"a socket", "internal/topic", `import "net/http"`, "internal/topic imports net/http: a pure package does without it"},
		{"chance", "crdt", `import "math/rand/v2"`, "crdt imports math/rand/v2: a pure package does without it"},
		{"but for what its row names", "crdt", "import (\"crypto/rand\"; \"time\")\nvar f = time.Now", ""},
		{"and no more than that", "crdt", "import (\"os\"; \"time\")\nvar f = time.Sleep", "crdt imports os: a pure package does without it\ncrdt is pure, and at x.go:3:9 uses time.Sleep"},
		{"the clock", "protocol", "import \"time\"\nvar t = time.Now()", "protocol is pure, and at x.go:3:9 uses time.Now"},
		{"the clock by another name", "text", "import t \"time\"\nvar f = t.Sleep", "text is pure, and at x.go:3:9 uses time.Sleep"},
		{"times without the clock", "internal/session", "import \"time\"\nvar t = time.Unix(0, 0)", ""},
		{"a goroutine", "internal/presence", `func f() { go f() }`, "internal/presence is pure, and at x.go:2:12 starts a goroutine"},
		{"all of it elsewhere", "internal/hub", "import \"time\"\nimport \"net/http\"\nvar t = time.Now()\nfunc f() { go http.Get(``) }", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := &source{name: c.pkg}
			if err := p.add("x.go", []byte("package x\n"+c.text)); err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(check(p), "\n"); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestSource_leaves_out_programs_built_by_name(t *testing.T) {
	p := &source{name: "protocol"}
	if err := p.add("gen.go", []byte("//go:build ignore\n\npackage main\nimport \"os\"\n")); err != nil || len(p.imports) > 0 {
		t.Errorf("imports %v, %v", p.imports, err)
	}
}
