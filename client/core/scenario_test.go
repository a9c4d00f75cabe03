package core

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"

	"github.com/tuttisync/tutti/protocol"
)

const scenarios = "../../conformance/client"

// scenario is one file of conformance/client, as spec/client.md tells.
type scenario struct {
	Name    string   `json:"name"`
	Rules   []string `json:"rules"`
	Options struct {
		Token        string   `json:"token"`
		Random       float64  `json:"random"`
		Secrets      []string `json:"secrets"`
		Roads        []string `json:"roads"`
		Road         string   `json:"road"`
		Keeps        bool     `json:"keeps"`
		QueueEntries int      `json:"queueEntries"`
		QueueBytes   int      `json:"queueBytes"`
	} `json:"options"`
	Steps []struct {
		At      int64                     `json:"at"`
		Input   map[string]jsontext.Value `json:"input"`
		Effects []any                     `json:"effects"`
	} `json:"steps"`
}

func TestScenarios(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(scenarios, "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no scenarios in %s: %v", scenarios, err)
	}
	for _, file := range files {
		var s scenario
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(raw, &s, json.RejectUnknownMembers(true)); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		name := strings.Join(s.Rules, ",") + "_" + strings.TrimSuffix(filepath.Base(file), ".json")
		t.Run(name, func(t *testing.T) { s.run(t) })
	}
}

func (s *scenario) run(t *testing.T) {
	secrets := s.Options.Secrets
	c := New(Options{
		Token:  map[string]TokenSource{"none": TokenNone, "constant": TokenConstant, "function": TokenFunction}[s.Options.Token],
		Random: func() float64 { return s.Options.Random },
		Secret: func() protocol.Secret {
			if len(secrets) == 0 {
				t.Fatal("the core wants more secrets than the scenario has")
			}
			next := secrets[0]
			secrets = secrets[1:]
			return protocol.Secret(next)
		},
		Roads:        s.Options.Roads,
		Road:         s.Options.Road,
		Keeps:        s.Options.Keeps,
		QueueEntries: s.Options.QueueEntries,
		QueueBytes:   s.Options.QueueBytes,
	})
	for i, step := range s.Steps {
		got := []any{}
		for _, e := range c.Step(step.At, readInput(t, step.Input)) {
			got = append(got, codesOnly(effectJSON(t, e)))
		}
		want := codesOnly(step.Effects)
		if diff := cmp.Diff(want, any(got)); diff != "" {
			t.Fatalf("%s: step %d at %d, %v (-want +got):\n%s", s.Name, i, step.At, step.Input, diff)
		}
	}
}

// readInput turns a scenario's input into the core's.
func readInput(t *testing.T, in map[string]jsontext.Value) Input {
	t.Helper()
	kind := slices.Collect(maps.Keys(in))
	if len(kind) != 1 {
		t.Fatalf("an input has one member, not %v", kind)
	}
	body := in[kind[0]]
	read := func(v any) {
		if err := json.Unmarshal(body, v, json.MatchCaseInsensitiveNames(true), json.RejectUnknownMembers(true)); err != nil {
			t.Fatalf("input %s: %v", body, err)
		}
	}
	switch kind[0] {
	case "connect":
		return Connect{}
	case "token":
		var v Token
		read(&v)
		return v
	case "tokenFailed":
		var v TokenFailed
		read(&v)
		return v
	case "opened":
		return Opened{}
	case "message", "aside":
		m, err := DecodeMessage(body)
		if err != nil {
			t.Fatalf("message %s: %v", body, err)
		}
		if kind[0] == "aside" {
			return Aside{m}
		}
		return Message{m}
	case "lost":
		var v Lost
		read(&v)
		return v
	case "wake":
		var v Wake
		read(&v)
		return v
	case "tried":
		var v Tried
		read(&v)
		return v
	case "tick":
		return Tick{}
	case "subscribe":
		var v Subscribe
		read(&v)
		return v
	case "unsubscribe":
		var v Unsubscribe
		read(&v)
		return v
	case "publish":
		var v Publish
		read(&v)
		return v
	case "amend":
		var v Amend
		read(&v)
		return v
	case "abort":
		var v Abort
		read(&v)
		return v
	case "history":
		var v History
		read(&v)
		return v
	case "restore":
		var v Restore
		read(&v)
		return v
	case "kept":
		var v Kept
		read(&v)
		return v
	case "unkept":
		return Unkept{}
	case "watch":
		var v Watch
		read(&v)
		return v
	case "unwatch":
		var v Unwatch
		read(&v)
		return v
	case "enter":
		var v Enter
		read(&v)
		return v
	case "update":
		var v Update
		read(&v)
		return v
	case "leave":
		var v Leave
		read(&v)
		return v
	case "signal":
		var v Signal
		read(&v)
		return v
	case "away":
		return Away{}
	case "close":
		return Close{}
	}
	t.Fatalf("no such input: %s", kind[0])
	return nil
}

// effectJSON turns an effect into the form of scenarios.
func effectJSON(t *testing.T, e Effect) any {
	t.Helper()
	type object = map[string]any
	switch e := e.(type) {
	case Status:
		o := object{"state": string(e.State)}
		if e.State == Backoff {
			o["attempt"], o["until"] = float64(e.Attempt), float64(e.Until)
		}
		if e.Road != "" && e.Road != RoadWS {
			o["road"] = e.Road
		}
		if e.Err != nil {
			o["error"] = plain(t, e.Err)
		}
		return object{"status": o}
	case AskToken:
		return object{"token": object{}}
	case Open:
		if e.Road == RoadWS {
			return object{"open": object{}}
		}
		return object{"open": object{"road": e.Road}}
	case Try:
		o := object{"road": e.Road}
		if e.Token != "" {
			o["token"] = e.Token
		}
		return object{"try": o}
	case Send:
		messages, err := protocol.Split(e.Frame)
		if err != nil {
			t.Fatalf("sent %s: %v", e.Frame, err)
		}
		return object{"send": plain(t, messages)}
	case Shut:
		return object{"shut": object{"code": float64(e.Code)}}
	case Started:
		o := plain(t, e.Position).(object)
		o["handler"], o["recovered"] = float64(e.Handler), e.Recovered
		return object{"started": o}
	case Snapshot:
		o := plain(t, e.Position).(object)
		o["handler"], o["recovered"], o["cells"] = float64(e.Handler), e.Recovered, plain(t, e.Cells)
		if e.Seqs != nil {
			o["seqs"] = plain(t, e.Seqs)
		}
		return object{"snapshot": o}
	case Deliver:
		entry := plain(t, e.Entry).(object)
		if e.Skipped > 0 {
			entry["skipped"] = float64(e.Skipped)
		}
		return object{"deliver": object{"handlers": plain(t, e.Handlers), "topic": e.Topic, "entry": entry}}
	case Failed:
		return object{"failed": object{"handler": float64(e.Handler), "error": plain(t, e.Err)}}
	case Queued:
		return object{"queued": object{"key": float64(e.Key)}}
	case Sent:
		return object{"sent": object{"key": float64(e.Key), "seq": float64(e.Seq)}}
	case Doubtful:
		return object{"doubtful": object{"key": float64(e.Key)}}
	case Outdated:
		return object{"outdated": object{"key": float64(e.Key)}}
	case Settled:
		o := object{"key": float64(e.Key)}
		if e.Position.Offset > 0 {
			o["offset"], o["term"] = float64(e.Position.Offset), e.Position.Term
		}
		if e.Err != nil {
			o["error"] = plain(t, e.Err)
		}
		if e.Unconfirmed {
			o["unconfirmed"] = true
		}
		return object{"settled": o}
	case Page:
		if e.Err != nil {
			return object{"page": object{"key": float64(e.Key), "error": plain(t, e.Err)}}
		}
		return object{"page": object{"key": float64(e.Key), "page": plain(t, e.Page)}}
	case Presence:
		message := plain(t, e.Message).(object)
		delete(message, "id")
		delete(message, "topic")
		message["type"] = protocol.TypePresence
		if _, ok := e.Message.(*protocol.Watching); ok {
			message["type"] = protocol.TypeWatching
		}
		return object{"presence": object{"topic": e.Topic, "message": message}}
	case Unwatched:
		return object{"unwatched": object{"topic": e.Topic, "error": plain(t, e.Err)}}
	case Entered:
		o := object{"key": float64(e.Key)}
		if e.Err != nil {
			o["error"] = plain(t, e.Err)
		}
		return object{"entered": o}
	case Left:
		return object{"left": object{"key": float64(e.Key)}}
	case Expelled:
		return object{"expelled": object{"topic": e.Topic, "error": plain(t, e.Err)}}
	case Fault:
		return object{"fault": object{"topic": e.Topic, "error": plain(t, e.Err)}}
	case Keep:
		o := object{"batch": float64(e.Batch)}
		if e.Client != nil {
			o["client"] = plain(t, e.Client)
		}
		if len(e.Topics) > 0 {
			o["topics"] = plain(t, e.Topics)
		}
		if len(e.Entries) > 0 {
			o["entries"] = plain(t, e.Entries)
		}
		if len(e.Gone) > 0 {
			o["gone"] = plain(t, e.Gone)
		}
		return object{"keep": o}
	case Wait:
		if e.Until == Never {
			return object{"wait": object{"until": nil}}
		}
		return object{"wait": object{"until": float64(e.Until)}}
	}
	t.Fatalf("no such effect: %T", e)
	return nil
}

// plain is v as JSON reads it.
func plain(t *testing.T, v any) any {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var out any
	if err := json.Unmarshal(b, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// codesOnly reduces every error to its code.
func codesOnly(v any) any {
	switch v := v.(type) {
	case []any:
		for i := range v {
			v[i] = codesOnly(v[i])
		}
	case map[string]any:
		for k, m := range v {
			if e, ok := m.(map[string]any); ok && k == "error" {
				v[k] = map[string]any{"code": e["code"]}
				continue
			}
			v[k] = codesOnly(m)
		}
	}
	return v
}
