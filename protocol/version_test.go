package protocol

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"
)

// shapes are the hashes of what each version says. When this test fails the
// messages or their fields have changed, and somebody must decide: can a client
// and a server of which one lacks the change still talk? If so, only the hash
// changes here, and the text that the test prints is what to review. If not, it
// is another version: Version changes too, and gets a row of its own.
var shapes = map[string]string{
	"tutti.v1": "32cfe3598fe0ec7f",
}

func TestVersion_is_decided_on(t *testing.T) {
	text := shape()
	sum := sha256.Sum256([]byte(text))
	if got := hex.EncodeToString(sum[:8]); got != shapes[Version] {
		t.Errorf("the shape of %s has the hash %s, want %q:\n%s", Version, got, shapes[Version], text)
	}
}

var typeConstant = regexp.MustCompile(`\bType\w+\s+= "(\w+)"`)

// Every type of message stands in the shape.
func TestVersion_knows_all_messages(t *testing.T) {
	var source []byte
	for _, file := range []string{"message.go", "presence.go"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		source = append(source, text...)
	}
	types := typeConstant.FindAllStringSubmatch(string(source), -1)
	if len(types) < 30 {
		t.Fatalf("only these types were found: %q", types)
	}
	for _, m := range types {
		if !strings.Contains("\n"+shape(), "\n"+m[1]+" {") {
			t.Errorf("the messages of type %s are not in the shape", m[1])
		}
	}
}

// shape writes all messages with their fields, and the rows of the errors.
func shape() string {
	var b strings.Builder
	for _, message := range []any{
		&Hello{}, &Auth{}, &Prove{}, &Subscribe{}, &Unsubscribe{}, &Publish{}, &History{}, &Ping{}, &Pong{},
		&Welcome{}, &Authenticated{}, &Proved{}, &Subscribed{}, &Unsubscribed{}, &Ack{}, &RefusedMessage{}, &RejectedMessage{},
		&GapMessage{}, &HistoryPage{}, &Failure{}, &Redacted{}, &Snapshot{}, &Close{},
		&Watch{}, &Unwatch{}, &Enter{}, &Update{}, &Leave{}, &Signal{}, &Watching{}, &Unwatched{}, &Entered{}, &LeftMessage{}, &Presence{},
	} {
		fmt.Fprintf(&b, "%s %s\n", typeOf(message), fields(reflect.TypeOf(message).Elem()))
	}
	fmt.Fprintf(&b, "%s %s\n", TypeEntry, fields(reflect.TypeFor[Entry]()))
	for _, k := range Codes() {
		if k.Status != 0 {
			fmt.Fprintf(&b, "%s status %d close %d retryable %v\n", k.Code, k.Status, k.Close, k.Retryable)
		}
	}
	return b.String()
}

// fields writes the JSON fields of a struct, and of those within it.
func fields(t reflect.Type) string {
	var all []string
	for i := range t.NumField() {
		f := t.Field(i)
		if !f.IsExported() || f.Tag.Get("json") == "-" {
			continue
		}
		all = append(all, f.Tag.Get("json")+" "+kind(f.Type))
	}
	return "{" + strings.Join(all, "; ") + "}"
}

func kind(t reflect.Type) string {
	switch {
	case t == reflect.TypeFor[From]():
		return "from"
	case t.Kind() == reflect.Pointer:
		return kind(t.Elem())
	case t.Kind() == reflect.Struct:
		return fields(t)
	case t.Kind() == reflect.Slice && t.Elem().Kind() != reflect.Uint8:
		return "[]" + kind(t.Elem())
	}
	return t.Kind().String()
}
