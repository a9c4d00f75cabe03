package presence

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/tuttisync/tutti/protocol"
)

const vectors = "../../conformance/presence"

// vector is one file of conformance/presence, as spec/presence.md tells.
type vector struct {
	Name  string   `json:"name"`
	Rules []string `json:"rules"`
	Steps []struct {
		At       int64             `json:"at"`
		Message  jsontext.Value    `json:"message"`
		Tick     *struct{}         `json:"tick"`
		Told     told              `json:"told"`
		Members  []string          `json:"members"`
		Users    []vectorUser      `json:"users"`
		Count    int               `json:"count"`
		Due      int64             `json:"due"`
		LastSeen map[string]*int64 `json:"lastSeen"`
	} `json:"steps"`
}

type told struct {
	Joins   []string `json:"joins"`
	Leaves  []string `json:"leaves"`
	Updates []string `json:"updates"`
	Gap     bool     `json:"gap"`
}

type vectorUser struct {
	ID       string          `json:"id"`
	Name     string          `json:"name"`
	State    jsontext.Value  `json:"state"`
	LastSeen int64           `json:"lastSeen"`
	Sessions []vectorSession `json:"sessions"`
}

type vectorSession struct {
	Client string         `json:"client"`
	State  jsontext.Value `json:"state"`
	Since  int64          `json:"since"`
}

func TestVectors(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(vectors, "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no vectors in %s: %v", vectors, err)
	}
	for _, file := range files {
		var v vector
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(raw, &v, json.RejectUnknownMembers(true)); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		t.Run(strings.Join(v.Rules, ",")+"_"+strings.TrimSuffix(filepath.Base(file), ".json"), v.run)
	}
}

func (v *vector) run(t *testing.T) {
	view := new(View)
	for i, step := range v.Steps {
		fault := func(what string, want, got any) {
			if diff := gocmp.Diff(want, got, sameJSON, emptyLists); diff != "" {
				t.Fatalf("%s: step %d at %d: %s (-want +got):\n%s", v.Name, i, step.At, what, diff)
			}
		}
		var got told
		if change, ok := take(t, view, step.At, step.Message); ok {
			got = told{Joins: ids(change.Joins), Leaves: ids(change.Leaves), Updates: ids(change.Updates)}
			for _, u := range change.Leaves {
				if len(u.Sessions) > 0 {
					t.Fatalf("%s: step %d: %s has left, and has sessions", v.Name, i, u.ID)
				}
			}
		} else {
			got.Gap = true
		}
		fault("told", step.Told, got)
		var members []string
		for _, m := range view.Members() {
			members = append(members, m.Client)
		}
		fault("members", step.Members, members)
		fault("users", step.Users, readable(view.Users()))
		fault("count", step.Count, view.Count())
		due := view.Wish()
		if due == Never {
			due = 0
		}
		fault("due", step.Due, due)
		for user, at := range step.LastSeen {
			want := int64(0)
			if at != nil {
				want = *at
			}
			fault("last seen "+user, want, view.LastSeen(user))
		}
	}
}

// take gives a view a message, or without one a tick.
func take(t *testing.T, v *View, at int64, message jsontext.Value) (Change, bool) {
	t.Helper()
	if message == nil {
		return v.Tick(at), true
	}
	var head struct {
		Type string `json:"type"`
	}
	read := func(to any) {
		if err := json.Unmarshal(message, to); err != nil {
			t.Fatalf("message %s: %v", message, err)
		}
	}
	if read(&head); head.Type == protocol.TypeWatching {
		m := new(protocol.Watching)
		read(m)
		return v.Watching(at, m)
	}
	m := new(protocol.Presence)
	read(m)
	return v.Presence(m)
}

func ids(users []User) []string {
	var all []string
	for _, u := range users {
		all = append(all, u.ID)
	}
	return all
}

func readable(users []User) []vectorUser {
	var all []vectorUser
	for _, u := range users {
		sessions := make([]vectorSession, len(u.Sessions))
		for i, m := range u.Sessions {
			sessions[i] = vectorSession{m.Client, m.State, m.Since}
		}
		all = append(all, vectorUser{u.ID, u.Name, u.State, u.LastSeen, sessions})
	}
	return all
}

// emptyLists are equal to none.
var emptyLists = gocmp.FilterPath(func(p gocmp.Path) bool { return p.Last().Type() != reflect.TypeFor[jsontext.Value]() }, cmpopts.EquateEmpty())

var sameJSON = cmpopts.AcyclicTransformer("canonical", func(v jsontext.Value) string {
	v = v.Clone()
	_ = v.Canonicalize() // none is none
	return string(v)
})
