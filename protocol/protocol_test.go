package protocol

import (
	"bytes"
	"errors"
	"io"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
)

func FuzzDecodeCommand(f *testing.F) {
	for _, s := range []string{
		`{"type":"hello","clients":[{"secret":"20781.q83vEjRWeJCrze8SNFZ4kA","run":1}],"topics":[{"topic":"a","from":{"last":3}}]}`,
		`{"type":"publish","topic":"chat:a","seq":3,"voids":[[1,2]],"name":"x","data":{"a":[1,"\u00e9"]}}`,
		`[{"type":"ping"},{"type":"history","id":1,"topic":"a","after":0}]`,
		`{"type":"subscribe","id":1,"topic":"a","from":{"offset":3,"term":"AAAAAAAAAAA"},"else":"new"}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, frame []byte) {
		messages, err := Split(frame)
		if err != nil {
			return
		}
		for _, m := range messages {
			c, err := DecodeCommand(m, DefaultLimits())
			if err != nil {
				if AsError(err).Code == Internal {
					t.Fatalf("%s: an error without a code: %v", m, err)
				}
				continue
			}
			again := Append(nil, c)
			if _, err := DecodeCommand(again, DefaultLimits()); err != nil {
				t.Fatalf("%s decodes, but what it encodes to does not: %s: %v", m, again, err)
			}
		}
	})
}

// FuzzDecodeCommand_twin compares with reading the type of every message first.
func FuzzDecodeCommand_twin(f *testing.F) {
	for _, rest := range []string{
		`"topic":"a","seq":1,"data":{}}`,
		`"topic":"a","seq":0,"data":1}`,
		`"topic":"a","seq":2,"voids":[[1,1]],"name":"n","client":"0123456789012345678901","data":"\u00e9","more":[1]}`,
		`"type":"publish","topic":"a","seq":1,"data":1}`,
		`"\u0074ype":"ping","topic":"a","seq":1,"data":1}`,
		`"topic":"a","topic":"b","seq":1,"data":1}`,
		`"topic":"a","seq":1,"data":1}}`,
		`"topic":"a","seq":1,"data":{"a":1,"a":2}}`,
		`"topic":"a","seq":"1","data":1}`,
		`}`,
	} {
		f.Add([]byte(rest))
	}
	f.Fuzz(func(t *testing.T, rest []byte) {
		message := append(slices.Clone(publishPrefix), rest...)
		got, gotErr := DecodeCommand(message, DefaultLimits())
		want, wantErr := decodeCommand(message, DefaultLimits())
		if !reflect.DeepEqual(got, want) || !reflect.DeepEqual(gotErr, wantErr) {
			t.Errorf("%s is %+v, %v; want %+v, %v", message, got, gotErr, want, wantErr)
		}
	})
}

// FuzzCheckJSON compares with reading token by token.
func FuzzCheckJSON(f *testing.F) {
	for _, s := range []string{``, ` `, `1`, ` {"a":[1,"\u00e9"]} `, `{"a":1,"a":2}`, `"\ud800"`, "\"\xff\"", `1 2`, `[1`, `{}]`, `nul`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		dec := jsontext.NewDecoder(bytes.NewReader(b))
		valid := dec.SkipValue() == nil
		if valid {
			_, err := dec.ReadToken()
			valid = errors.Is(err, io.EOF)
		}
		if err := checkJSON(b); (err == nil) != valid {
			t.Errorf("%q: %v, but token by token it is valid: %v", b, err, valid)
		}
	})
}

// BenchmarkPublish reads a frame that publishes 100 bytes, as the server does.
func BenchmarkPublish(b *testing.B) {
	frame := Append(nil, &Publish{Topic: "chat:lobby", Seq: 1000, Data: []byte(`{"text":"` + strings.Repeat("x", 89) + `"}`)})
	b.ReportAllocs()
	for range b.N {
		messages, err := Split(frame)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := DecodeCommand(messages[0], DefaultLimits()); err != nil {
			b.Fatal(err)
		}
	}
}

func FuzzParsePosition(f *testing.F) {
	f.Add("5.AAAAAAAAAAA")
	f.Add("0")
	f.Fuzz(func(t *testing.T, s string) {
		p, err := ParsePosition(s)
		if err != nil {
			return
		}
		again, err := ParsePosition(p.String())
		if err != nil || again != p || p.check() != nil {
			t.Fatalf("%q reads as %v, and that as %v (%v)", s, p, again, err)
		}
	})
}

func FuzzParseCursor(f *testing.F) {
	f.Add("5.AAAAAAAAAAA,7,0,9.BBBBBBBBBBB")
	f.Fuzz(func(t *testing.T, s string) {
		n := 1 + strings.Count(s, ",")
		c, err := ParseCursor(s, n)
		if err != nil {
			return
		}
		again, err := ParseCursor(c.String(), n)
		if err != nil || !slices.Equal(again, c) || len(c) != n {
			t.Fatalf("%q reads as %v, and that as %v (%v)", s, c, again, err)
		}
		for _, p := range c {
			if p.check() != nil {
				t.Fatalf("%q holds the position %v", s, p)
			}
		}
	})
}

// What is taken over HTTP can be stored, told to readers and read again.
func FuzzDecodePublications(f *testing.F) {
	f.Add([]byte(`{"name":"note","data":{"a":[1,"\u00e9", 1.0]}}`))
	f.Add([]byte(` [{"data":1},{"name":"note","key":"a\"b","data":[ ]}]`))
	f.Fuzz(func(t *testing.T, body []byte) {
		all, batch, err := DecodePublications(body, DefaultLimits())
		if err != nil {
			if AsError(err).Code == Internal {
				t.Fatalf("%q: an error without a code: %v", body, err)
			}
			return
		}
		if n := len(all); n == 0 || n > MaxBatch || n > 1 && !batch {
			t.Fatalf("%q has %d entries; as a batch: %v", body, n, batch)
		}
		for _, p := range all {
			stored := AppendEntry(nil, &Entry{Offset: 1, Term: "AAAAAAAAAAA", Time: 1, Name: p.Name, Key: p.Key, Data: p.Data})
			e, err := ParseEntry(stored)
			if err != nil || string(e.Data) != string(p.Data) || e.Name != p.Name || e.Key != p.Key {
				t.Fatalf("%q is stored as %q and reads as %+v (%v)", body, stored, e, err)
			}
			if _, err := Split(AppendEntryMessage(nil, "a", stored)); err != nil {
				t.Fatalf("%q is told as %q: %v", body, AppendEntryMessage(nil, "a", stored), err)
			}
		}
	})
}

func FuzzDecodeDisconnect(f *testing.F) {
	f.Add([]byte(`{"sub":"alice","return":true}`))
	f.Add([]byte(`{"client":"AAAAAAAAAAAAAAAAAAAAAA"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		d, err := DecodeDisconnect(body)
		if err != nil && AsError(err).Code != BadMessage {
			t.Fatalf("%q: %v", body, err)
		}
		if err == nil && (d.Sub == "") == (d.Client == "") {
			t.Fatalf("%q is taken as %+v", body, d)
		}
	})
}

func FuzzDecodeReversion(f *testing.F) {
	f.Add([]byte(`{"version":"v1"}`))
	f.Add([]byte(`{"offset":12}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		r, err := DecodeReversion(body)
		if err != nil && AsError(err).Code != BadMessage {
			t.Fatalf("%q: %v", body, err)
		}
		if err == nil && ((r.Version == "") == (r.Offset == nil) || r.Version != "" && CheckVersion(r.Version) != nil || r.Offset != nil && *r.Offset > MaxOffset) {
			t.Fatalf("%q is taken as %+v", body, r)
		}
		o, err := DecodeVersionOrder(body)
		if err != nil && AsError(err).Code != BadMessage || err == nil && o.Offset != nil && *o.Offset > MaxOffset {
			t.Fatalf("%q is taken as %+v, %v", body, o, err)
		}
	})
}

func FuzzDecodeOperation(f *testing.F) {
	f.Add([]byte(`{"base":1,"op":[[0,0,"a"]]}`))
	f.Add([]byte(`{"replace":""}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		o, err := DecodeOperation(body, DefaultLimits())
		if err == nil && ((o.Op == nil) == (o.Replace == nil) || o.Base != nil && *o.Base > MaxOffset) {
			t.Fatalf("%q is taken as %+v", body, o)
		}
	})
}

func FuzzParseEntry(f *testing.F) {
	f.Add([]byte(`{"offset":1,"term":"AAAAAAAAAAA","client":"c","seq":2,"voids":[[1,1]],"time":5,"author":{"sub":"a"},"data":1}`))
	f.Fuzz(func(t *testing.T, stored []byte) {
		e, err := ParseEntry(stored)
		if err != nil || e.Data == nil || CheckName(e.Name) != nil || !validTerm(e.Term) {
			return
		}
		e.Client = "" // an id is ours; here it may be any text
		again, err := ParseEntry(AppendEntry(nil, &e))
		if err != nil || string(again.Data) != string(e.Data) || again.Offset != e.Offset || again.Time != e.Time {
			t.Fatalf("%+v reads as %+v (%v)", e, again, err)
		}
	})
}

// The table is whole, and no two rows share a close code.
func TestCodes(t *testing.T) {
	closes := make(map[int]Code)
	for _, k := range Codes() {
		if k.Message == "" || (k.Status != 0 && (k.Status < 400 || k.Status > 599)) {
			t.Errorf("LIVE-2: the row of %s is %+v", k.Code, k)
		}
		if k.Close == 0 {
			continue
		}
		if other, taken := closes[k.Close]; taken {
			t.Errorf("LIVE-2: %s and %s have the close code %d", k.Code, other, k.Close)
		}
		closes[k.Close] = k.Code
		if k.Close < 4000 || k.Close > 4999 {
			t.Errorf("LIVE-2: the close code of %s is %d", k.Code, k.Close)
		}
		if got, ok := KindByClose(k.Close); !ok || got != k {
			t.Errorf("LIVE-2: %d is of %s", k.Close, got.Code)
		}
	}
}
