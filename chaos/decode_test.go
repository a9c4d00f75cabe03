package chaos

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestParseRules(t *testing.T) {
	text := `{"rules": [
		{"id": "slow", "match": {"road": "ws", "direction": "up", "nth": 2, "probability": 0.5}, "fault": {"delay": "50ms", "jitter": "1.5s", "dribble": {"bytes": 3, "every": "1ms"}}},
		{"match": {"path": "/v1/*", "method": "GET"}, "fault": {"cutAfter": 100, "buffer": true}},
		{"fault": {"portal": {"status": 511, "body": "<p>", "location": "/login"}}}
	]}`
	want := []Rule{
		{
			ID: "slow", Match: Match{Road: WS, Direction: Up, Nth: 2, Probability: 0.5},
			Fault: Fault{Delay: 50 * time.Millisecond, Jitter: 1500 * time.Millisecond, Dribble: &Dribble{Bytes: 3, Every: time.Millisecond}},
		},
		{Match: Match{Path: "/v1/*", Method: "GET"}, Fault: Fault{CutAfter: 100, Buffer: true}},
		{Fault: Fault{Portal: &Portal{Status: 511, Body: "<p>", Location: "/login"}}},
	}
	got, err := ParseRules([]byte(text))
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
	for _, empty := range []string{`[]`, `{}`, `{"rules": []}`} {
		if got, err := ParseRules([]byte(empty)); err != nil || len(got) != 0 {
			t.Errorf("%s: %v, %v", empty, got, err)
		}
	}
	var one Rule
	if err := json.Unmarshal([]byte(`{"fault": {"delay": "1s"}}`), &one); err != nil || one.Fault.Delay != time.Second {
		t.Errorf("by package json: %+v, %v", one, err)
	}
}

func TestParseRules_faults(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{``, "the rules: the JSON ends too early"},
		{`[`, "rules: the JSON ends too early"},
		{`nope`, "the rules: this is not JSON: "},
		{`7`, "the rules: must be an object with some of rules"},
		{`null`, "the rules: must be an object with some of rules"},
		{`[] []`, "there is more behind the rules"},
		{`{"rule": []}`, "rule: unknown key; known are rules"},
		{`{"rules": {}}`, "rules: must be a list"},
		{`{"rules": [], "rules": []}`, "rules: stands here twice"},
		{`[7]`, "rules[0]: must be an object with some of id, match, fault"},
		{`[{"fault": {"dely": "1s"}}]`, "rules[0].fault.dely: unknown key; known are delay, jitter, pause, "},
		{`[{"fault": {"Delay": "1s"}}]`, "rules[0].fault.Delay: unknown key"},
		{`[{"fault": {"delay": 50}}]`, "rules[0].fault.delay: must be a duration like 50ms or 2s"},
		{`[{"fault": {"delay": "soon"}}]`, "rules[0].fault.delay: must be a duration like 50ms or 2s"},
		{`[{"fault": {"delay": "-1s"}}]`, "rules[0].fault.delay: -1s is not between 0 and 24h0m0s"},
		{`[{"fault": {"delay": "99h"}}]`, "rules[0].fault.delay: 99h0m0s is not between"},
		{`[{"fault": {"jitter": "99h"}}]`, "rules[0].fault.jitter: 99h0m0s is not between"},
		{`[{"fault": {"cut": false}}]`, "rules[0].fault.cut: must be true, or left out"},
		{`[{"fault": {"cut": "yes"}}]`, "rules[0].fault.cut: must be true, or left out"},
		{`[{"fault": {"cut": true, "cut": true}}]`, "rules[0].fault.cut: stands here twice"},
		{`[{"fault": {"cutAfter": 0}}]`, "rules[0].fault.cutAfter: must be a whole number over 0"},
		{`[{"fault": {"cutAfter": 1.5}}]`, "rules[0].fault.cutAfter: must be a whole number over 0"},
		{`[{"fault": {"cutAfter": -1}}]`, "rules[0].fault.cutAfter: -1 is below 1"},
		{`[{"fault": {"cutAfter": 99999999999999999999}}]`, "rules[0].fault.cutAfter: must be a whole number over 0"},
		{`[{"fault": {"dribble": {"bytes": 1}}}]`, "rules[0].fault.dribble.every: 0s is not over 0"},
		{`[{"fault": {"dribble": {"every": "1s"}}}]`, "rules[0].fault.dribble.bytes: 0 is below 1"},
		{`[{"fault": {"dribble": null}}]`, "rules[0].fault.dribble: must be an object with some of bytes, every"},
		{`[{"fault": {"status": 101}}]`, "rules[0].fault.status: 101 is not between 200 and 599"},
		{`[{"fault": {"portal": {"status": 600}}}]`, "rules[0].fault.portal.status: 600 is not between"},
		{`[{"fault": {"portal": {"status": 204, "body": "x"}}}]`, "rules[0].fault.portal.body: does not go with status 204"},
		{`[{"fault": {"portal": {"location": "a\r\nSet-Cookie: b"}}}]`, `rules[0].fault.portal.location: "a\r\nSet-Cookie: b" is not an address`},
		{`[{"fault": {"portal": {"body": "` + strings.Repeat("x", maxText+1) + `"}}}]`, "rules[0].fault.portal.body: 65537 bytes are more than 65536"},
		{`[{"fault": {"cut": true, "status": 403}}]`, "rules[0].fault: cut and status cannot both be done"},
		{`[{"fault": {}}]`, "rules[0].fault: says nothing to do; known are delay, "},
		{`[{}]`, "rules[0].fault: says nothing to do"},
		{`[{"match": {"road": "air"}, "fault": {"cut": true}}]`, `rules[0].match.road: "air" is not one of [ws sse poll commands other]`},
		{`[{"match": {"path": "v1"}, "fault": {"cut": true}}]`, `rules[0].match.path: "v1" is not a path`},
		{`[{"match": {"method": "get"}, "fault": {"cut": true}}]`, `rules[0].match.method: "get" is not a method like GET`},
		{`[{"match": {"direction": "left"}, "fault": {"pause": true}}]`, `rules[0].match.direction: "left" is not up or down`},
		{`[{"match": {"direction": "up"}, "fault": {"cut": true}}]`, `rules[0].match.direction: does not go with cut`},
		{`[{"match": {"nth": -1}, "fault": {"cut": true}}]`, `rules[0].match.nth: -1 is below 1`},
		{`[{"match": {"nth": 0}, "fault": {"cut": true}}]`, `rules[0].match.nth: must be a whole number over 0`},
		{`[{"match": {"probability": 0}, "fault": {"cut": true}}]`, `rules[0].match.probability: must be a number over 0`},
		{`[{"match": {"probability": 1.1}, "fault": {"cut": true}}]`, `rules[0].match.probability: 1.1 is not over 0 and at most 1`},
		{`[{"id": "a b", "fault": {"cut": true}}]`, `rules[0].id: "a b" is not 1 to 64 of`},
		{`[{"id": "a", "fault": {"cut": true}}, {"id": "a", "fault": {"cut": true}}]`, `rules[1].id: "a" stands here twice`},
		{`[` + strings.Repeat(`{"fault":{"cut":true}},`, maxRules) + `{}]`, "rules: more than 256"},
		{strings.Repeat(" ", maxRulesBytes+1), "1048577 bytes of rules are more than 1048576"},
	} {
		_, err := ParseRules([]byte(c.text))
		if err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%.80s:\n got %v\nwant %s", c.text, err, c.want)
		}
	}
	if _, err := ParseRule([]byte(`{"fault": {"status": 1}}`)); err == nil || err.Error() != "rule.fault.status: 1 is not between 200 and 599" {
		t.Errorf("one rule: %v", err)
	}
}

// What is taken is valid, and is the same when it is written and read again.
func FuzzParseRules(f *testing.F) {
	f.Add([]byte(`[{"match": {"road": "ws", "nth": 1}, "fault": {"delay": "50ms", "dribble": {"bytes": 1, "every": "1s"}}}]`))
	f.Add([]byte(`{"rules": [{"id": "a", "match": {"path": "/*", "probability": 0.1}, "fault": {"portal": {"status": 302, "location": "/"}}}]}`))
	f.Add([]byte(`[{"match": {"direction": "up"}, "fault": {"pause": true, "halfClose": true, "cutAfter": 5}}]`))
	f.Fuzz(func(t *testing.T, text []byte) {
		rules, err := ParseRules(text)
		if err != nil || len(rules) == 0 {
			return
		}
		if err := checkRules(rules); err != nil {
			t.Fatal(err)
		}
		written, err := json.Marshal(map[string][]Rule{"rules": rules})
		if err != nil {
			t.Fatal(err)
		}
		again, err := ParseRules(written)
		if err != nil || !reflect.DeepEqual(rules, again) {
			t.Fatalf("%s\n%s: %+v, %v", text, written, again, err)
		}
	})
}
