package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tuttisync/tutti/auth"
	"github.com/tuttisync/tutti/protocol"
)

const secret = "0123456789abcdef0123456789abcdef"

func write(t testing.TB, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "tutti.yaml")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func load(t *testing.T, text string, environ ...string) *Config {
	t.Helper()
	c, err := Load(write(t, text), environ, nil)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestLoad_precedence(t *testing.T) {
	file := write(t, "addr: :1\ndata: file\nlimits: {page: 1, topics: 1, depth: 1}")
	c, err := Load(file, []string{"TUTTI_ADDR=:2", "TUTTI_LIMITS_PAGE=2", "TUTTI_DATA=", "OTHER=1"}, func(c *Config) {
		if c.Limits.Page != 2 {
			t.Errorf("flags come before the environment: page is %d", c.Limits.Page)
		}
		c.Addr = ":3"
	})
	if err != nil {
		t.Fatal(err)
	}
	want := Default()
	want.Addr, want.Data = ":3", "file"
	want.Limits.Page, want.Limits.Topics, want.Limits.Depth = 2, 1, 1
	if d := cmp.Diff(want, c); d != "" {
		t.Error(d)
	}
}

func TestLoad_without_a_file(t *testing.T) {
	c, err := Load("", nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(Default(), c); d != "" {
		t.Error(d)
	}
	c, err = Load("", []string{"TUTTI_CONFIG=" + write(t, "data: elsewhere")}, nil)
	if err != nil || c.Data != "elsewhere" {
		t.Errorf("TUTTI_CONFIG is not read: %v, %v", c, err)
	}
	for _, text := range []string{"", "# nothing\n", "---\n", "null", "{}"} {
		if d := cmp.Diff(Default(), load(t, text)); d != "" {
			t.Errorf("%q: %s", text, d)
		}
	}
}

func TestLoad_values(t *testing.T) {
	c := load(t, `
addr: "[::1]:0"
basePath: /a/b/
memory: true
origins: [https://a.example, "http://localhost:5173", "*"]
auth: {keys: [{kid: k, secret: `+secret+`}], issuer: us, audience: them, leeway: 0s}
namespaces:
  tasks: {type: records}
  chat: &open {retention: {count: 5, age: 1d12h}, delivery: latest, anonymous: [read]}
  news: *open
  plain:
  user: {durability: memory}
  office: {presence: {mode: count, list: 20, grace: 2s, lease: 1m, tick: 100ms}}
limits: {messageBytes: 1KiB, frameBytes: 1MiB, documentBytes: 1MiB, ping: 1m}
log: {level: debug, format: json}
`)
	open := Namespace{Type: Messages, Durability: Durable, Retention: Retention{5, 36 * time.Hour}, Delivery: Latest, Anonymous: []auth.Verb{auth.Read}, Presence: defaultPresence()}
	want := Default()
	want.Addr, want.BasePath, want.Memory = "[::1]:0", "/a/b", true
	want.Origins = []string{"https://a.example", "http://localhost:5173", "*"}
	want.Auth = Auth{Keys: []Key{{Kid: "k", Secret: secret}}, Issuer: "us", Audience: "them"}
	want.Namespaces = map[string]Namespace{
		"chat": open, "news": open, "plain": defaultNamespace(), "user": {Type: Messages, Durability: Memory, Delivery: All, Presence: defaultPresence()},
		"tasks": {Type: "records", Durability: Durable, Delivery: All, Presence: defaultPresence()},
		"office": {
			Type: Messages, Durability: Durable, Delivery: All,
			Presence: Presence{Mode: CountMembers, List: 20, Grace: 2 * time.Second, Lease: time.Minute, Tick: 100 * time.Millisecond},
		},
	}
	want.Limits.MessageBytes, want.Limits.FrameBytes, want.Limits.Ping = 1<<10, 1<<20, time.Minute
	want.Limits.DocumentBytes = 1 << 20
	want.Log = Log{"debug", "json"}
	if d := cmp.Diff(want, c); d != "" {
		t.Error(d)
	}
	if got := c.Limits.Protocol(); got.MessageBytes != 1<<10 || got.FrameBytes != 1<<20 || got.DocumentBytes != 1<<20 || got.Page != protocol.DefaultLimits().Page {
		t.Errorf("limits for clients: %+v", got)
	}
}

// Every key of the file has a variable, and the variable has the same effect.
func TestLoad_environment_as_the_file(t *testing.T) {
	for path, text := range map[string]string{
		"addr": ":1", "basePath": "/x", "dev": "true", "data": "d", "memory": "true", "drain": "0s", "origins": "https://a.example",
		"compression": "true", "tls.autocert.domains": "a.example",
		"auth.issuer": "i", "auth.audience": "a", "auth.leeway": "1s", "auth.keys": "[{secret: " + secret + "}]",
		"namespaces": "{chat: {retention: {age: 1h}}}", "anyNamespace": "true",
		"limits.messageBytes": "1KiB", "limits.frameBytes": "2MiB", "limits.topics": "1", "limits.clients": "1",
		"limits.voids": "1", "limits.depth": "1", "limits.page": "1", "limits.documentBytes": "1MiB", "limits.stateBytes": "1KiB", "limits.presenceBytes": "1MiB", "limits.helloTimeout": "1s", "limits.ping": "1s",
		"limits.grace": "1s", "limits.hookTimeout": "1s", "limits.maxConnections": "1",
		"trustedProxies": "10.0.0.0/8,192.0.2.1", "limits.members": "1", "limits.fragments": "1", "limits.addressConnections": "0",
		"limits.userConnections": "1", "limits.addressConnects": "1", "limits.connects": "1", "limits.commands": "1",
		"limits.bytes": "1KiB", "limits.requests": "1", "limits.outboundBytes": "2MiB", "limits.outboundTotal": "16MiB",
		"log.level": "warn", "log.format": "json",
	} {
		name := "TUTTI_" + strings.ToUpper(regexp.MustCompile(`[A-Z.]`).ReplaceAllStringFunc(path, func(s string) string {
			return "_" + strings.Trim(s, ".")
		}))
		t.Run(name, func(t *testing.T) {
			value := text
			if path == "origins" || path == "tls.autocert.domains" || path == "trustedProxies" {
				value = "[" + text + "]"
			}
			var file strings.Builder
			keys := strings.Split(path, ".")
			for i, k := range keys {
				fmt.Fprintf(&file, "%s%s: ", strings.Repeat(" ", i), k)
				if i < len(keys)-1 {
					file.WriteByte('\n')
				}
			}
			file.WriteString(value)
			loopback := func(c *Config) {
				if c.Dev {
					c.Addr = "localhost:1"
				}
			}
			byFile, err := Load(write(t, file.String()), nil, loopback)
			if err != nil {
				t.Fatal(err)
			}
			byEnv, err := Load("", []string{name + "=" + text}, loopback)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(byFile, byEnv); d != "" {
				t.Error(d)
			}
			if cmp.Equal(byEnv, Default()) {
				t.Error("it has no effect")
			}
		})
	}
}

func TestNamespaces(t *testing.T) {
	c := load(t, "namespaces: {chat: {anonymous: [read]}}")
	for name, want := range map[string]bool{"chat": true, "user": true, "default": false, "other": false} {
		if _, ok := c.Namespace(name); ok != want {
			t.Errorf("namespace %s exists: %v, want %v", name, ok, want)
		}
	}
	policy, err := auth.NewPolicy(c.Policy())
	if err != nil {
		t.Fatal(err)
	}
	if err := policy.Allow(auth.Identity{}, auth.Read, "chat:a", time.Time{}); err != nil {
		t.Errorf("anonymous is not let in: %v", err)
	}

	dev := load(t, "dev: true")
	ns, ok := dev.Namespace("whatever")
	if d := cmp.Diff(defaultNamespace(), ns); d != "" || !ok {
		t.Errorf("in dev every namespace exists: %v %s", ok, d)
	}
	if !dev.Policy().AnyNamespace {
		t.Error("in dev the policy knows every namespace")
	}
}

func TestExample(t *testing.T) {
	const name = "../../docs/tutti.example.yaml"
	c, err := Load(name, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(defaultNamespace(), c.Namespaces["chat"], cmp.Transformer("empty", func(v []auth.Verb) string { return fmt.Sprint(v) })); d != "" {
		t.Errorf("its namespace chat does not show the defaults: %s", d)
	}
	c.Namespaces = Default().Namespaces
	c.Origins, c.TrustedProxies, c.Auth.Keys, c.TLS.Autocert.Domains = nil, nil, nil, nil
	if d := cmp.Diff(Default(), c); d != "" {
		t.Errorf("it does not show the defaults: %s", d)
	}
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range allKeys(reflect.TypeFor[Config]()) {
		if !regexp.MustCompile(`(?m)^[ #-]*` + key + `:|\b` + key + ` \(|or ` + key + `:`).Match(text) {
			t.Errorf("it does not show the key %s", key)
		}
	}
}

func allKeys(t reflect.Type) []string {
	var keys []string
	for i := range t.NumField() {
		f := t.Field(i)
		keys = append(keys, f.Tag.Get("yaml"))
		inner := f.Type
		for inner.Kind() == reflect.Slice || inner.Kind() == reflect.Map {
			inner = inner.Elem()
		}
		if inner.Kind() == reflect.Struct {
			keys = append(keys, allKeys(inner)...)
		}
	}
	return keys
}

func TestConfig_shows_no_secret(t *testing.T) {
	c := load(t, "auth: {keys: [{secret: "+secret+"}]}")
	asJSON, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	if all := fmt.Sprintf("%v %+v %#v %+v %s", *c, *c, c.Auth, c.Auth.Keys, asJSON); strings.Contains(all, secret) {
		t.Errorf("printing a configuration shows a secret: %s", all)
	}
}

func TestLog(t *testing.T) {
	for _, c := range []struct {
		log  Log
		want string
	}{
		{Log{"warn", "text"}, `level=WARN msg=w n=1`},
		{Log{"error", "text"}, ``},
		{Log{"info", "json"}, `"level":"WARN","msg":"w","n":1`},
	} {
		var out bytes.Buffer
		logger := c.log.Logger(&out)
		logger.Debug("d")
		logger.Warn("w", "n", 1)
		if got := out.String(); strings.Contains(got, "DEBUG") || !strings.Contains(got, c.want) || (c.want == "") != (got == "") {
			t.Errorf("%+v: %q", c.log, got)
		}
	}
}
