package pebble

import (
	"bytes"
	"encoding/binary"
	"slices"
)

// Keys are a space, then the topic, escaped so that topics sort by their bytes
// and none is another's prefix, then what is within the topic:
//
//	f                format version
//	t topic          the topic exists
//	l topic e offset an entry
//	l topic m        first and last offset, as of the latest truncation
//	l topic r key    a row
//	l topic s        the snapshot
//	l topic t offset the term that starts here
const (
	spaceFormat = 'f'
	spaceTopic  = 't'
	spaceLog    = 'l'

	kindEntry    = 'e'
	kindMark     = 'm'
	kindRow      = 'r'
	kindSnapshot = 's'
	kindTerm     = 't'
)

// appendTopic appends the topic with 0x00 as 0x00 0xff, and 0x00 0x01 behind.
func appendTopic(b []byte, topic string) []byte {
	for i := range len(topic) {
		b = append(b, topic[i])
		if topic[i] == 0 {
			b = append(b, 0xff)
		}
	}
	return append(b, 0, 1)
}

func parseTopic(key []byte) string {
	return string(bytes.ReplaceAll(key[1:len(key)-2], []byte{0, 0xff}, []byte{0}))
}

func topicKey(topic string) []byte { return appendTopic([]byte{spaceTopic}, topic) }

func logKey(topic string, kind byte) []byte {
	return append(appendTopic(append(make([]byte, 0, len(topic)+16), spaceLog), topic), kind)
}

func offsetKey(topic string, kind byte, offset uint64) []byte {
	return binary.BigEndian.AppendUint64(logKey(topic, kind), offset)
}

// withOffset sets the offset of an offsetKey in place.
func withOffset(key []byte, offset uint64) []byte {
	binary.BigEndian.PutUint64(key[len(key)-8:], offset)
	return key
}

func offsetOf(key []byte) uint64 { return binary.BigEndian.Uint64(key[len(key)-8:]) }

func rowKey(topic, key string) []byte { return append(logKey(topic, kindRow), key...) }

// after returns the lowest key that is above all keys with the prefix.
func after(prefix []byte) []byte {
	end := slices.Clone(prefix)
	for i := len(end) - 1; i >= 0; i-- {
		if end[i]++; end[i] != 0 {
			return end[:i+1]
		}
	}
	return nil
}
