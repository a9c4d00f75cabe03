package protocol

import (
	"strings"
	"testing"
)

func TestCheckKey_ENTRY_5(t *testing.T) {
	for key, want := range map[string]Code{
		"": "", "a": "", "user/7 \"é\" 🎻": "", strings.Repeat("k", 255): "",
		strings.Repeat("k", 256): BadMessage, "a\nb": BadMessage, "a\u0085": BadMessage, "\x00": BadMessage, "\xff": BadMessage,
	} {
		if err := CheckKey(key); code(err) != want {
			t.Errorf("%q: %v", key, err)
		}
	}
	for text, want := range map[string]Code{
		`{"type":"publish","topic":"a","seq":1,"key":"k","data":1}`:                                "",
		`{"type":"publish","topic":"a","seq":1,"key":7,"data":1}`:                                  BadMessage,
		`{"type":"publish","topic":"a","seq":1,"key":"\n","data":1}`:                               BadMessage,
		`{"type":"publish","topic":"a","seq":1,"key":"` + strings.Repeat("k", 256) + `","data":1}`: BadMessage,
	} {
		if _, err := DecodeCommand([]byte(text), DefaultLimits()); code(err) != want {
			t.Errorf("%.80s: %v", text, err)
		}
	}
	if p, err := DecodePublication([]byte(`{"key":"k","data":1}`), DefaultLimits()); err != nil || p.Key != "k" {
		t.Errorf("%+v, %v", p, err)
	}
	if _, err := DecodePublication([]byte(`{"key":"\u0000","data":1}`), DefaultLimits()); code(err) != BadMessage {
		t.Errorf("a control character: %v", err)
	}
}

func TestAppendSkipped_SUB_8(t *testing.T) {
	stored := AppendEntry(nil, &Entry{Offset: 7, Term: "AAAAAAAAAAA", Key: "k", Data: []byte(`1`)})
	const want = `{"type":"entry","topic":"a","skipped":3,"offset":7,"term":"AAAAAAAAAAA","key":"k","time":0,"data":1}`
	if got := string(AppendEntryMessage(nil, "a", AppendSkipped(nil, 3, stored))); got != want {
		t.Errorf("got %s", got)
	}
}

// The key that EntryKey finds at the beginning is the one that the whole entry
// has, and any other bytes have none or some, but never end in a panic.
func FuzzEntryKey(f *testing.F) {
	f.Add("k", "client", "name", `{"key":"x"}`)
	f.Add("", "", "", `","key":"x"`)
	f.Add("\"\\é🎻", "", "key", `"key"`)
	f.Fuzz(func(t *testing.T, key, client, name, data string) {
		EntryKey([]byte(data))
		if CheckKey(key) != nil || CheckName(name) != nil || strings.ContainsAny(client, "\"\\") || DefaultLimits().CheckData([]byte(data)) != nil {
			return
		}
		e := Entry{Offset: 12, Term: "AAAAAAAAAAA", Key: key, Client: client, Seq: 3, Name: name, Author: &Author{Sub: data}, Data: []byte(data)}
		if got := EntryKey(AppendEntry(nil, &e)); got != key {
			t.Errorf("found %q, want %q", got, key)
		}
	})
}
