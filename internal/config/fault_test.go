package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Each fault of a file or variable, and the message that its operator reads.
func TestLoad_faults(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"short": "short\n", "large": strings.Repeat("x", maxKeyFileBytes+1), "pem": "-----BEGIN PUBLIC KEY-----\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	const range64k = " is not between 1 and 65536"
	for _, c := range []struct {
		name, text string
		environ    string
		want       string // FILE stands for the file's name, DIR for the directory of keys
	}{
		{"not YAML", "a: [", "", "FILE: line 1: did not find expected node content"},
		{"not a map", "- a", "", "FILE:1: the document: must be a map of keys to values"},
		{"two documents", "dev: false\n---\ndev: true", "", "FILE:2: there is more than one document"},
		{"unknown key", "adr: x", "", "FILE:1: adr: unknown key; known are addr, basePath, dev, data, memory, drain, origins, trustedProxies, compression, tls, auth, namespaces, anyNamespace, limits, log"},
		{"unknown nested key", "namespaces:\n  chat:\n    retention:\n      agee: 1h", "", "FILE:4: namespaces.chat.retention.agee: unknown key; known are count, age"},
		{"unknown key of a list's item", "auth:\n  keys:\n    - kid: a\n      pass: b", "", "FILE:4: auth.keys[0].pass: unknown key; known are kid, alg, secret, secretFile, publicKey, publicKeyFile"},
		{"merge key", "limits: &a {page: 1}\nlog:\n  <<: *a", "", "FILE:3: log.<<: unknown key; known are level, format"},
		{"key twice", "data: a\ndata: b", "", "FILE:2: data: stands here twice"},
		{"key of several words", "[a]: b", "", "FILE:1: the document: a key must be one word"},
		{"a list for a value", "addr: [a]", "", "FILE:1: addr: must be one value"},
		{"a value for a list", "origins: a", "", "FILE:1: origins: must be a list"},
		{"a value for a map", "limits: 3", "", "FILE:1: limits: must be a map of keys to values"},
		{"bool", "dev: yes", "", `FILE:1: dev: "yes" is not true or false`},
		{"number", "limits: {page: many}", "", `FILE:1: limits.page: "many" is not a whole number`},
		{"duration", "limits: {ping: 30}", "", `FILE:1: limits.ping: "30" is not a duration like 30s, 12h or 7d`},
		{"size", "limits: {messageBytes: 64KB}", "", `FILE:1: limits.messageBytes: "64KB" is not a size like 512, 64KiB or 1MiB`},
		{"all at once", "dev: 1\nmemory: 2", "TUTTI_LIMITS_PING=x", "FILE:1: dev: \"1\" is not true or false\nFILE:2: memory: \"2\" is not true or false\nTUTTI_LIMITS_PING: \"x\" is not a duration like 30s, 12h or 7d"},
		{"large file", strings.Repeat("#", maxFileBytes+1), "", "read configuration: FILE is larger than 1048576 bytes"},

		{"variable of a bool", "", "TUTTI_DEV=1", `TUTTI_DEV: "1" is not true or false`},
		{"variable in YAML", "", "TUTTI_NAMESPACES={chat: {kint: a}}", "TUTTI_NAMESPACES: chat.kint: unknown key; known are type, durability, retention, delivery, anonymous, presence"},
		{"variable not in YAML", "", "TUTTI_AUTH_KEYS=[", "TUTTI_AUTH_KEYS: line 1: did not find expected node content"},
		{"variable in YAML of another shape", "", "TUTTI_AUTH_KEYS={}", "TUTTI_AUTH_KEYS: the document: must be a list"},

		{"addr without port", "addr: localhost", "", `addr: "localhost" is not host:port with a port from 0 to 65535`},
		{"addr with a large port", "addr: :65536", "", `addr: ":65536" is not host:port with a port from 0 to 65535`},
		{"dev on every address", "{addr: ':8080', dev: true}", "", `addr: with dev everybody may do everything, so it listens on loopback only (127.0.0.1, [::1] or localhost), not on ":8080"`},
		{"dev on a public address", "{addr: '192.0.2.1:80', dev: true}", "", `addr: with dev everybody may do everything, so it listens on loopback only (127.0.0.1, [::1] or localhost), not on "192.0.2.1:80"`},
		{"relative basePath", "basePath: a", "", `basePath: "a" is not a path like /realtime`},
		{"basePath with dots", "basePath: /a/../b", "", `basePath: "/a/../b" is not a path like /realtime`},
		{"basePath with a query", "basePath: /a?b", "", `basePath: "/a?b" is not a path like /realtime`},
		{"basePath with a wildcard", "basePath: '/{a}'", "", `basePath: "/{a}" is not a path like /realtime`},
		{"no data", "data: ''", "", "data: a directory is needed, or memory: true"},
		{"origin with a path", "origins: [https://a.example/]", "", `origins[0]: "https://a.example/" is not * or an origin as browsers send it: http or https, host, and the port if not the usual one, in lower case, with nothing behind, like https://example.com`},

		{"key without anything", "auth: {keys: [{kid: a}]}", "", "auth.keys[0]: needs one of secret, secretFile, publicKey and publicKeyFile"},
		{"key with two", "auth: {keys: [{secret: a, publicKey: b}]}", "", "auth.keys[0]: needs one of secret, secretFile, publicKey and publicKeyFile"},
		{"unknown alg", "auth: {keys: [{alg: RS256, secret: a}]}", "", `auth.keys[0].alg: "RS256" is not HS256 or EdDSA`},
		{"alg of another kind", "auth: {keys: [{alg: EdDSA, secret: a}]}", "", "auth.keys[0].alg: HS256 goes with a secret, EdDSA with a public key"},
		{"short secret", "auth: {keys: [{secret: a}]}", "", "auth.keys[0].secret: the secret has 1 bytes; HS256 needs at least 32"},
		{"short secret in a file", "auth: {keys: [{secretFile: DIR/short}]}", "", "auth.keys[0].secretFile: the secret has 5 bytes; HS256 needs at least 32"},
		{"large file of a secret", "auth: {keys: [{secretFile: DIR/large}]}", "", "auth.keys[0].secretFile: DIR/large is larger than 65536 bytes"},
		{"no such file", "auth: {keys: [{publicKeyFile: DIR/none}]}", "", "auth.keys[0].publicKeyFile: open DIR/none: no such file or directory"},
		{"bad public key", "auth: {keys: [{publicKey: a}]}", "", "auth.keys[0].publicKey: an Ed25519 public key is PEM, or base64 of 32 bytes"},
		{"bad PEM", "auth: {keys: [{publicKeyFile: DIR/pem}]}", "", "auth.keys[0].publicKeyFile: the PEM block is not an Ed25519 public key"},
		{"kid twice", "auth: {keys: [{kid: a, secret: " + secret + "}, {kid: a, secret: " + secret + "}]}", "", `auth.keys[1].kid: another key is called "a" too`},
		{"negative leeway", "auth: {leeway: -1s}", "", "auth.leeway: -1s is not between 0s and 10m0s"},

		{"namespace without a name", "namespaces: {'': {}}", "", `namespaces: "" is not the name of a namespace: the part of a topic's name before the first colon`},
		{"namespace with a colon", "namespaces: {'a:b': {}}", "", `namespaces: "a:b" is not the name of a namespace: the part of a topic's name before the first colon`},
		{"type", "namespaces: {a: {type: pol}}", "", `namespaces.a.type: "pol" is not messages or a type of documents: counter, records, set, text`},
		{"type with latest", "namespaces: {a: {type: set, delivery: latest}}", "", "namespaces.a.delivery: readers of a document skip nothing: latest goes with messages alone"},
		{"durability", "namespaces: {a: {durability: disk}}", "", `namespaces.a.durability: "disk" is not durable or memory`},
		{"retention.count", "namespaces: {a: {retention: {count: -1}}}", "", "namespaces.a.retention.count: -1 is below 0, which means no bound"},
		{"retention.age", "namespaces: {a: {retention: {age: -1h}}}", "", "namespaces.a.retention.age: -1h0m0s is below 0, which means no bound"},
		{"anonymous", "namespaces: {a: {anonymous: [read, reed]}}", "", `namespaces.a.anonymous[1]: "reed" is not read, publish, edit, presence or history`},
		{"anonymous admin", "namespaces: {a: {anonymous: [admin]}}", "", `namespaces.a.anonymous[0]: "admin" is not read, publish, edit, presence or history`},
		{"anonymous user", "namespaces: {user: {anonymous: [read]}}", "", "namespaces.user.anonymous[0]: users' own topics cannot be open to all"},

		{"messageBytes", "limits: {messageBytes: 0}", "", "limits.messageBytes: 0B is not between 1B and 16MiB"},
		{"frameBytes", "limits: {frameBytes: 65MiB}", "", "limits.frameBytes: 65MiB is not between 4097B and 64MiB"},
		{"frameBytes below messageBytes", "limits: {messageBytes: 256KiB}", "", "limits.frameBytes: 256KiB has no room for limits.messageBytes (256KiB) and 4KiB around it"},
		{"topics", "limits: {topics: 0}", "", "limits.topics: 0" + range64k},
		{"clients", "limits: {clients: 0}", "", "limits.clients: 0 is not between 1 and 1024"},
		{"voids", "limits: {voids: -1}", "", "limits.voids: -1" + range64k},
		{"depth", "limits: {depth: 1001}", "", "limits.depth: 1001 is not between 1 and 1000"},
		{"page", "limits: {page: 0}", "", "limits.page: 0 is not between 1 and 100000"},
		{"documentBytes", "limits: {documentBytes: 0}", "", "limits.documentBytes: 0B is not between 1B and 256MiB"},
		{"stateBytes", "limits: {stateBytes: 1}", "", "limits.stateBytes: 1B is not between 2B and 1MiB"},
		{"presenceBytes", "limits: {presenceBytes: 1KiB}", "", "limits.presenceBytes: 1KiB is not between 1MiB and 1024GiB"},
		{"presence mode", "namespaces: {a: {presence: {mode: some}}}", "", `namespaces.a.presence.mode: "some" is not list, count or none`},
		{"presence list", "namespaces: {a: {presence: {list: -1}}}", "", "namespaces.a.presence.list: -1 is not between 1 and 100000"},
		{"presence grace", "namespaces: {a: {presence: {grace: 1h}}}", "", "namespaces.a.presence.grace: 1h0m0s is not between 1ms and 10m0s"},
		{"presence lease", "namespaces: {a: {presence: {lease: 1ms}}}", "", "namespaces.a.presence.lease: 1ms is not between 1s and 1h0m0s"},
		{"presence tick", "namespaces: {a: {presence: {tick: 1ms}}}", "", "namespaces.a.presence.tick: 1ms is not between 10ms and 10s"},
		{"helloTimeout", "limits: {helloTimeout: 2m}", "", "limits.helloTimeout: 2m0s is not between 100ms and 1m0s"},
		{"ping", "limits: {ping: 1ms}", "", "limits.ping: 1ms is not between 100ms and 10m0s"},
		{"grace", "limits: {grace: 0s}", "", "limits.grace: 0s is not between 100ms and 10m0s"},
		{"delivery", "namespaces: {chat: {delivery: some}}", "", `namespaces.chat.delivery: "some" is not all or latest`},
		{"drain", "drain: -1s", "", "drain: -1s is not between 0s and 1h0m0s"},
		{"hookTimeout", "limits: {hookTimeout: 6m}", "", "limits.hookTimeout: 6m0s is not between 1ms and 5m0s"},
		{"members", "limits: {members: 0}", "", "limits.members: 0 is not between 1 and 16777216"},
		{"fragments", "limits: {fragments: 0}", "", "limits.fragments: 0" + range64k},
		{"addressConnections", "limits: {addressConnections: -1}", "", "limits.addressConnections: -1 is not between 1 and 10000000, nor 0, which means no bound"},
		{"userConnections", "limits: {userConnections: -1}", "", "limits.userConnections: -1 is not between 1 and 10000000, nor 0, which means no bound"},
		{"addressConnects", "limits: {addressConnects: -1}", "", "limits.addressConnects: -1 is not between 1 and 1000000, nor 0, which means no bound"},
		{"connects", "limits: {connects: 1000001}", "", "limits.connects: 1000001 is not between 1 and 1000000, nor 0, which means no bound"},
		{"commands", "limits: {commands: -1}", "", "limits.commands: -1 is not between 1 and 1000000, nor 0, which means no bound"},
		{"bytes", "limits: {bytes: 1}", "", "limits.bytes: 1B is not between 1KiB and 1GiB, nor 0, which means no bound"},
		{"requests", "limits: {requests: -1}", "", "limits.requests: -1 is not between 1 and 1000000, nor 0, which means no bound"},
		{"outboundBytes", "limits: {outboundBytes: 1MiB}", "", "limits.outboundBytes: 1MiB is not between 2MiB and 1GiB, nor 0, which means no bound"},
		{"outboundTotal", "limits: {outboundTotal: 1MiB}", "", "limits.outboundTotal: 1MiB is not between 16MiB and 1024GiB, nor 0, which means no bound"},
		{"a proxy by name", "trustedProxies: [10.0.0.0/8, proxy.example]", "", `trustedProxies[1]: "proxy.example" is not a network like 10.0.0.0/8 or an address like 10.0.0.1`},
		{"maxConnections", "limits: {maxConnections: 0}", "", "limits.maxConnections: 0 is not between 1 and 10000000"},
		{"log.level", "log: {level: loud}", "", `log.level: "loud" is not debug, info, warn or error`},
		{"log.format", "log: {format: xml}", "", `log.format: "xml" is not text or json`},
		{"several keys", "{data: '', log: {format: xml}}", "", "data: a directory is needed, or memory: true\nlog.format: \"xml\" is not text or json"},
	} {
		t.Run(c.name, func(t *testing.T) {
			file := write(t, strings.ReplaceAll(c.text, "DIR", dir))
			_, err := Load(file, []string{c.environ}, nil)
			if err == nil {
				t.Fatalf("taken; want %s", c.want)
			}
			got := strings.ReplaceAll(strings.ReplaceAll(err.Error(), file, "FILE"), dir, "DIR")
			if got != c.want {
				t.Errorf("got\n%s\nwant\n%s", got, c.want)
			}
		})
	}
}

func TestLoad_no_such_file(t *testing.T) {
	if _, err := Load("/nonexistent/tutti.yaml", nil, nil); err == nil || err.Error() != "read configuration: open /nonexistent/tutti.yaml: no such file or directory" {
		t.Errorf("got %v", err)
	}
}

func TestValidate_origins(t *testing.T) {
	for origin, want := range map[string]bool{
		"*": true, "https://a.example": true, "http://localhost:5173": true, "http://[::1]:8080": true, "https://a.example:8443": true,
		"a.example": false, "https://a.example/": false, "https://a.example/x": false, "https://A.example": false,
		"https://a.example:443": false, "http://a.example:80": false, "ws://a.example": false, "https://": false,
		"https://u@a.example": false, "https://a.example?q": false, "https://a.example#f": false, "": false, "null": false, "https://*.example": false,
	} {
		c := Default()
		c.Origins = []string{origin}
		if err := c.Validate(); (err == nil) != want {
			t.Errorf("%q: %v, want it taken: %v", origin, err, want)
		}
	}
}

func TestValidate_dev_on_loopback(t *testing.T) {
	for addr, want := range map[string]bool{
		"localhost:1": true, "127.0.0.1:1": true, "127.9.9.9:1": true, "[::1]:1": true,
		":1": false, "0.0.0.0:1": false, "[::]:1": false, "10.0.0.1:1": false, "example.com:1": false, "127.0.0.1.example.com:1": false,
	} {
		c := Default()
		c.Dev, c.Addr = true, addr
		if err := c.Validate(); (err == nil) != want {
			t.Errorf("%q: %v, want it taken: %v", addr, err, want)
		}
	}
}
