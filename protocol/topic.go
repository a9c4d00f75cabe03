package protocol

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxTopicBytes and MaxNameBytes bound topic and event names.
const (
	MaxTopicBytes = 255
	MaxNameBytes  = 64
)

// CheckTopic returns bad_topic unless the name is 1 to 255 bytes of UTF-8
// without control characters (rule TOPIC-1).
func CheckTopic(topic string) error {
	switch {
	case topic == "":
		return Errorf(BadTopic, "The topic name is empty.")
	case len(topic) > MaxTopicBytes:
		return Errorf(BadTopic, "The topic name has %d bytes; %d are allowed.", len(topic), MaxTopicBytes).Of(NameLimit)
	case !utf8.ValidString(topic):
		return Errorf(BadTopic, "The topic name is not UTF-8.")
	case strings.ContainsFunc(topic, unicode.IsControl):
		return Errorf(BadTopic, "The topic name holds a control character.")
	}
	return nil
}

// Namespace returns the part of a topic's name before the first colon, or
// "default" when it has none (rule TOPIC-2).
func Namespace(topic string) string {
	if ns, _, ok := strings.Cut(topic, ":"); ok {
		return ns
	}
	return "default"
}

// CheckName returns bad_name unless the name may name an entry: 1 to 64 of
// A-Z a-z 0-9 _ . : - but not open, error or tutti:… (rule ENTRY-3). The empty
// name is allowed and means message.
func CheckName(name string) error {
	if name == "" {
		return nil
	}
	if len(name) > MaxNameBytes {
		return Errorf(BadName, "The event name has %d bytes; %d are allowed.", len(name), MaxNameBytes).Of(NameLimit)
	}
	for i := range len(name) {
		c := name[i]
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9':
		case c == '_', c == '.', c == ':', c == '-':
		default:
			return Errorf(BadName, "The event name holds a character other than A-Z a-z 0-9 _ . : -")
		}
	}
	if name == "open" || name == "error" || strings.HasPrefix(name, "tutti:") {
		return Errorf(BadName, "The event name %q is reserved.", name)
	}
	return nil
}
