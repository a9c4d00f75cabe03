package protocol

import (
	"fmt"
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
				continue
			}
			again := Append(nil, c)
			if _, err := DecodeCommand(again, DefaultLimits()); err != nil {
				t.Fatalf("%s decodes, but what it encodes to does not: %s: %v", m, again, err)
			}
		}
	})
}

func TestDecodeCommand(t *testing.T) {
	m := jsontext.Value(`{"type":"publish","topic":"chat:a","seq":3,"voids":[[1,2]],"data": {"a" : 1}}`)
	c, err := DecodeCommand(m, DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	p := c.(*Publish)
	fmt.Printf("%+v %s\n", p, p.Data)
}
