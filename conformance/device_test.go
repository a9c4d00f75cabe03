package conformance

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// device is where an agent runs, one life after the other, and what it was asked
// to do there. It is the director's alone.
type device struct {
	name  string
	place string // a directory that outlives the agent
	agent *agent // its present life
	kept  bool   // the present life keeps what is not settled in place
	user  string // of the present life; empty: the scenario has no tokens

	asked []task // in all lives; a task's number is its index + 1
	first int    // of them those of former lives
	due   int    // of them those of this life, which has to tell their end
	reads map[string]bool
	opens map[string]bool // documents

	tokened int // how often former lives asked for a token
}

// task is a message to publish, or an edit of a document.
type task struct {
	topic    string
	by       string   // who says so in the message; empty: it is an edit
	user     string   // whose it is
	rejected bool     // it is to be in vain
	retried  bool     // it was a dead letter; nobody is told its end
	marks    []string // texts by which it is known in the place, one of each
}

// begin starts the next life.
func (v *device) begin(t *testing.T, tokens func(user string) string, command []string) {
	v.first, v.due, v.kept = len(v.asked), 0, false
	v.reads, v.opens = map[string]bool{}, map[string]bool{}
	v.agent = launch(t, func() string { return tokens(v.user) }, command...)
}

// label is how a life's messages say who they are by.
func (v *device) label() string {
	if v.user == "" {
		return v.name
	}
	return v.name + " of " + v.user
}

// note books a task, and returns its number.
func (v *device) note(one task) int {
	one.user = v.user
	v.asked = append(v.asked, one)
	if !one.retried {
		v.due++
	}
	return len(v.asked)
}

// message is the task of publishing the next number.
func (v *device) message(topic string) task {
	start := fmt.Sprintf(`"by":%q,"n":%d`, v.label(), len(v.asked)+1)
	return task{topic: topic, by: v.label(), marks: []string{start + "}", start + ","}}
}

// stored says whether the place holds all that is not settled of this life.
// v.agent.mu is held.
func (v *device) stored() bool {
	var all []byte
	err := filepath.Walk(v.place, func(path string, info os.FileInfo, err error) error {
		if err != nil || info.IsDir() || filepath.Ext(path) == ".new" { // not in its place yet
			return err
		}
		text, err := os.ReadFile(path)
		all = append(all, text...)
		return err
	})
	if err != nil {
		return false // it is being written anew
	}
	for i, one := range v.asked[v.first:] {
		if _, settled := v.agent.settled[v.first+i+1]; settled {
			continue
		}
		if !one.marked(all) {
			return false
		}
	}
	return true
}

func (k task) marked(text []byte) bool {
	for _, mark := range k.marks {
		if bytes.Contains(text, []byte(mark)) {
			return true
		}
	}
	return false
}

// marks are by what an edit is known: the longest word of its arguments.
func marks(args []any) []string {
	longest := ""
	for _, arg := range args {
		if word, ok := arg.(string); ok && len(word) > len(longest) {
			longest = word
		}
	}
	return []string{strings.TrimSpace(longest)}
}
