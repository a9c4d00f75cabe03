package protocol

import (
	"encoding/json"
	"strings"
	"testing"
)

// shapeOf is measure's naive twin, over a parsed value.
func shapeOf(v any) (depth, members int) {
	add := func(of any) {
		d, m := shapeOf(of)
		depth = max(depth, d)
		members += m + 1
	}
	switch v := v.(type) {
	case []any:
		for _, of := range v {
			add(of)
		}
		depth++
	case map[string]any:
		for _, of := range v {
			add(of)
		}
		depth++
	}
	return depth, members
}

// FuzzMeasure_ENTRY_2 compares the scan with what a parser finds.
func FuzzMeasure_ENTRY_2(f *testing.F) {
	for _, seed := range []string{
		`null`, `"[,{\"\\"`, `[]`, ` [ ] `, `[[],{}]`, "{\n}", `{"a":[1,{"b":{}}],"c,":"}"}`, `[ "" , [ [ 0 ] ] ]`, `["\\",1]`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var v any
		if checkJSON(data) != nil || json.Unmarshal(data, &v) != nil {
			t.Skip("no JSON")
		}
		depth, members := measure(data)
		if d, m := shapeOf(v); depth != d || members != m {
			t.Errorf("%s: %d deep with %d members, want %d and %d", data, depth, members, d, m)
		}
	})
}

// Every limit is named once, and an error of the decoder tells its own.
func TestLimit_names(t *testing.T) {
	seen := make(map[Limit]bool)
	for _, l := range LimitNames() {
		if seen[l] || l == "" {
			t.Errorf("%q stands there twice, or has no name", l)
		}
		seen[l] = true
	}
	tight := Limits{MessageBytes: 8, Topics: 1, Clients: 1, Voids: 1, Depth: 1, Members: 2, Page: 1}
	long := strings.Repeat("x", 256)
	const secret = `{"secret":"20781.q83vEjRWeJCrze8SNFZ4kA","run":1}`
	for message, want := range map[string]Limit{
		`{"type":"publish","topic":"a","seq":9,"data":"1234567"}`:               MessageBytesLimit,
		`{"type":"publish","topic":"a","seq":9,"data":[[]]}`:                    DepthLimit,
		`{"type":"publish","topic":"a","seq":9,"data":[1,2,3]}`:                 MembersLimit,
		`{"type":"publish","topic":"a","seq":9,"voids":[[1,1],[3,3]],"data":1}`: VoidsLimit,
		`{"type":"history","id":1,"topic":"a","limit":2}`:                       PageLimit,
		`{"type":"hello","topics":[{"topic":"a"},{"topic":"b"}]}`:               TopicsLimit,
		`{"type":"hello","clients":[` + secret + `,` + secret + `]}`:            ClientsLimit,
		`{"type":"unsubscribe","id":1,"topic":"` + long + `"}`:                  NameLimit,
		`{"type":"publish","topic":"a","seq":9,"name":"` + long + `","data":1}`: NameLimit,
	} {
		_, err := DecodeCommand([]byte(message), tight)
		if err == nil || AsError(err).Limit != want {
			t.Errorf("%.80s: %v, want the limit %s", message, err, want)
		}
		if wire, _ := json.Marshal(AsError(err)); strings.Contains(string(wire), `imit":`) {
			t.Errorf("the wire tells the limit: %s", wire)
		}
	}
}
