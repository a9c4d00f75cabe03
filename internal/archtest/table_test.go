package archtest

// A row says what the packages that match pkg may import of this module. Names
// are paths below the module's root, "." the root itself; the last element may
// be *, which stands for any one, and * alone is every package.
type row struct {
	pkg  string
	may  []string
	pure bool     // no clock, goroutine, socket, file, chance, nor any module but ours
	but  []string // what a pure package uses all the same: imports, or as time.Now
}

// table points one way: cmd, tutti, transports and api, hub, cores, then store,
// auth and protocol. The first row that matches a package is its row.
var table = []row{
	{pkg: "cmd/tutti", may: []string{"*"}},
	{pkg: "tuttitest", may: []string{".", "client", "store/memory", "protocol"}},
	{pkg: ".", may: []string{
		"internal/*", "internal/transport/*", "auth", "doc", "doc/registry", "store", "store/memory", "store/pebble", "protocol",
		"web",
	}},

	{pkg: "internal/api", may: []string{"internal/transport/*", "internal/hub", "internal/session", "internal/gate", "internal/metrics", "auth", "protocol"}},
	{pkg: "internal/transport/*", may: []string{"internal/hub", "internal/session", "internal/gate", "internal/metrics", "auth", "protocol"}},
	{pkg: "internal/hub", may: []string{
		"internal/session", "internal/topic", "internal/presence", "internal/gate", "internal/metrics", "doc", "store", "auth", "protocol",
	}},

	{pkg: "internal/session", may: []string{"internal/bucket", "auth", "store", "protocol"}, pure: true},
	{pkg: "internal/gate", may: []string{"internal/bucket", "protocol"}},
	{pkg: "internal/bucket", may: nil, pure: true},
	{pkg: "internal/topic", may: []string{"auth", "doc", "store", "protocol"}, pure: true},
	{pkg: "internal/presence", may: []string{"protocol"}, pure: true},
	{pkg: "doc", may: []string{"protocol"}, pure: true},
	{pkg: "doc/doctest", may: []string{"doc", "protocol"}},
	{pkg: "doc/registry", may: []string{"doc", "counter", "set", "records", "text/document", "protocol"}, pure: true},
	{pkg: "counter", may: []string{"doc", "protocol"}, pure: true},
	{pkg: "set", may: []string{"doc", "protocol"}, pure: true},

	{pkg: "store", may: nil},
	{pkg: "store/*", may: []string{"store"}},
	{pkg: "auth", may: []string{"protocol"}},
	{pkg: "chaos", may: []string{"protocol"}},
	{pkg: "protocol", may: nil, pure: true},
	{pkg: "protocol/internal/*", may: []string{"protocol"}},
	{pkg: "text", may: nil, pure: true},
	{pkg: "text/document", may: []string{"doc", "protocol", "text"}, pure: true},
	{pkg: "text/replay", may: []string{"text", "internal/traces"}},
	// An instance draws its replica id where it is made, and its clock has a default.
	{pkg: "crdt", may: nil, pure: true, but: []string{"crypto/rand", "time.Now"}},
	{pkg: "crdt/file", may: []string{"internal/lockfile"}},
	{pkg: "records", may: []string{"doc", "protocol"}, pure: true},

	{pkg: "client", may: []string{"protocol", "client/core", "client/presence", "client/internal/*", "doc", "counter", "set", "records", "text", "text/document"}},
	{pkg: "client/core", may: []string{"protocol"}, pure: true},
	{pkg: "client/presence", may: []string{"protocol"}, pure: true},
	{pkg: "client/internal/*", may: []string{"protocol", "client/core", "client/internal/*", "internal/lockfile"}},

	{pkg: "internal/traces", may: []string{"text"}},
	{pkg: "internal/config", may: []string{"internal/gate", "auth", "doc/registry", "protocol"}},
	{pkg: "internal/cert", may: nil},
	{pkg: "internal/metrics", may: []string{"protocol"}},
	{pkg: "internal/sim", may: []string{"*"}},
	{pkg: "internal/naive", may: nil, pure: true},
	{pkg: "internal/archtest", may: nil},
	{pkg: "internal/guard", may: nil},
	{pkg: "conformance", may: []string{"chaos", "auth"}},
	{pkg: "conformance/agents", may: []string{"client", "records", "crdt", "protocol"}},
	{pkg: "internal/lockfile", may: nil},
	{pkg: "internal/load", may: []string{"protocol"}},
	{pkg: "internal/clientjs", may: nil},
	{pkg: "internal/intake", may: nil},
	{pkg: "internal/playground", may: nil},
	{pkg: "web", may: nil},
	{pkg: "examples/*", may: []string{".", "client", "auth", "protocol", "store", "store/memory", "store/pebble"}},
}

// tops are imported by nothing but tests.
var tops = []string{"cmd/tutti", "tuttitest", "doc/doctest", "internal/sim", "internal/archtest", "conformance", "conformance/agents", "examples/*", "protocol/internal/*"}

// modules are what a pure package may use from elsewhere.
var modules = map[string][]string{
	"protocol":        {"github.com/go-json-experiment/json", "github.com/go-json-experiment/json/jsontext"},
	"crdt":            {"github.com/go-json-experiment/json", "github.com/go-json-experiment/json/jsontext"},
	"internal/bucket": {"golang.org/x/time/rate"},
	"doc":             {"github.com/go-json-experiment/json", "github.com/go-json-experiment/json/jsontext"},
	"counter":         {"github.com/go-json-experiment/json", "github.com/go-json-experiment/json/jsontext"},
	"set":             {"github.com/go-json-experiment/json", "github.com/go-json-experiment/json/jsontext"},
	"text/document":   {"github.com/go-json-experiment/json", "github.com/go-json-experiment/json/jsontext"},
	"records":         {"github.com/go-json-experiment/json", "github.com/go-json-experiment/json/jsontext"},
	"client/core":     {"github.com/go-json-experiment/json", "github.com/go-json-experiment/json/jsontext"},
	"client/presence": {"github.com/go-json-experiment/json/jsontext"},
}

// impure are the standard packages that a pure package does without, with all
// below them.
var impure = []string{
	"crypto/rand", "database", "embed", "io/ioutil", "log", "math/rand", "net", "os", "path/filepath",
	"plugin", "runtime", "syscall", "testing", "unsafe",
}

// clock are the names of package time that read or wait for the clock.
var clock = []string{"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "Tick", "NewTimer", "NewTicker"}
