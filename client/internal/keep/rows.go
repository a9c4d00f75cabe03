package keep

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"

	"github.com/go-json-experiment/json"

	"github.com/tuttisync/tutti/client/core"
	"github.com/tuttisync/tutti/client/internal/shelf"
	"github.com/tuttisync/tutti/protocol"
)

// The keys of rows. Numbers have 16 digits, so that they are in order; a topic
// holds no control characters.
const (
	clientKey = "client"
	topicKeys = "topic/" // and the topic
	entryKeys = "entry/" // and a number: in the order in which they were made
	deadKeys  = "dead/"  // and the letter's id
	indexKeys = "index/" // and the topic
	copyKeys  = "copy/"  // and the topic
	tailKeys  = "tail/"  // and the topic, a line feed, and the offset
)

func entryKey(n uint64) string { return fmt.Sprintf("%s%016d", entryKeys, n) }

func tailPrefix(topic string) string { return tailKeys + topic + "\n" }

func tailKey(topic string, offset uint64) string {
	return fmt.Sprintf("%s%016d", tailPrefix(topic), offset)
}

// entryRow is an entry that is not settled. Its data stand behind it.
type entryRow struct {
	Topic      string             `json:"topic"`
	Seq        uint64             `json:"seq,omitzero"`
	Name       string             `json:"name,omitzero"`
	EntryKey   string             `json:"entryKey,omitzero"`
	Base       *uint64            `json:"base,omitzero"`
	Positional bool               `json:"positional,omitzero"`
	Doc        string             `json:"doc,omitzero"`     // of an operation: the type of the document
	Made       int64              `json:"made"`             // milliseconds since 1970
	Version    int                `json:"version,omitzero"` // of the application's schema, by which it was made
	Place      *protocol.Position `json:"place,omitzero"`   // it was acknowledged, and the stored document does not hold it
}

// deadRow is a dead letter. Its data stand behind it.
type deadRow struct {
	Topic    string          `json:"topic"`
	Name     string          `json:"name,omitzero"`
	EntryKey string          `json:"entryKey,omitzero"`
	Doc      string          `json:"doc,omitzero"`
	Made     int64           `json:"made"`
	Error    *protocol.Error `json:"error"`
}

// copyRow is a document, as a snapshot has it. Its cells stand behind it.
type copyRow struct {
	Doc    string `json:"doc"`
	Offset uint64 `json:"offset"`
	Term   string `json:"term,omitzero"`
}

// indexRow is how large the copy of a document is, and when it was last opened.
type indexRow struct {
	Bytes   int   `json:"bytes"`
	Used    int64 `json:"used"`             // milliseconds since 1970
	Offline bool  `json:"offline,omitzero"` // the application wants it to be kept
}

var errRow = errors.New("the row cannot be read")

// appendRow returns what is stored of a row, with raw JSON behind it, which stays
// as it is byte for byte.
func appendRow(head any, data []byte) []byte {
	b, err := json.Marshal(head)
	if err != nil {
		panic("keep: " + err.Error()) // it is made of what JSON can say
	}
	return append(append(b, '\n'), data...)
}

// readRow reads a row, which may be damaged, or of another version: then the error
// is errRow. fits says whether it has what it needs.
func readRow[T any](value []byte, fits func(*T) bool) (head T, data []byte, err error) {
	first, data, ok := bytes.Cut(value, []byte("\n"))
	if !ok || json.Unmarshal(first, &head) != nil || !fits(&head) {
		return *new(T), nil, errRow
	}
	return head, data, nil
}

func fitsClient(c *core.KeptClient) bool {
	_, err := c.Secret.Birthday()
	return err == nil
}

func fitsTopic(t *core.KeptTopic) bool { return t.Voids != nil }

func (r *entryRow) fits() bool { return r.Topic != "" && r.Made > 0 }

func (r *deadRow) fits() bool {
	return r.Topic != "" && r.Made > 0 && r.Error != nil && r.Error.Code != ""
}

func (r *copyRow) fits() bool { return r.Doc != "" }

func (r *indexRow) fits() bool { return r.Bytes >= 0 && r.Used > 0 }

// readIndex reads the row of a document in the index.
func readIndex(r shelf.Row) (topic string, row indexRow, err error) {
	topic = r.Key[len(indexKeys):]
	if row, _, err = readRow(r.Value, (*indexRow).fits); err != nil {
		err = fmt.Errorf("read the index of the document %.80q: %w", topic, err)
	}
	return topic, row, err
}

// numberOf is the number at the end of a row's key; 0: none.
func numberOf(key string) uint64 {
	n, _ := strconv.ParseUint(key[max(0, len(key)-16):], 10, 64)
	return n
}

func rowOf(e core.KeptEntry) entryRow {
	return entryRow{
		Topic: e.Topic, Seq: e.Seq, Name: e.Name, EntryKey: e.EntryKey, Base: e.Base, Positional: e.Positional,
	}
}
