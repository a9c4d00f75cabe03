package records_test

import (
	"testing"

	"github.com/tuttisync/tutti/doc/doctest"
	"github.com/tuttisync/tutti/records"
)

func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		`{"op":"set","key":"a","value":{"x":1,"__proto__":{}}}`,
		`{"op":"patch","key":"a","set":{"x":1},"unset":["y"],"if":[{"is":"present"},{"field":"x","equals":{"a":1}}]}`,
		`{"op":"delete","key":"a","own":true,"ifUnseen":"reject","if":[{"field":"","unchangedSince":3}]}`,
		`{"op":"batch","ops":[{"op":"set","key":"a","value":{}},{"op":"patch","key":"a","set":{"x":1}},{"op":"delete","key":"a"}]}`,
		`{"op":"batch","ops":[{"op":"batch","ops":[]}]}`, `{"op":"set","key":"","value":{}}`, `{"op":"patch","key":"a","set":{"x":1},"unset":["x"]}`,
		`{"op":"set","key":"a","value":null}`, `{"op":"set","key":"a","value":{},"if":null}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) { doctest.Operation(t, records.Type, data) })
}

func FuzzDecodeCell(f *testing.F) {
	for _, seed := range []string{
		`{"fields":{"x":1,"y":{"b":1,"a":2}},"at":3,"by":"ann","writes":{"x":[4,"bob"],"z":[5]}}`,
		`{"fields":{},"at":1}`, `{"fields":{},"at":0}`, `{"fields":null,"at":1}`, `{"at":1}`, `{"fields":{},"at":1,"by":""}`,
		`{"fields":{},"at":1,"writes":{}}`, `{"fields":{},"at":1,"writes":{"x":[]}}`, `{"fields":{},"at":1,"writes":{"x":null}}`, `{"fields":{},"at":1,"more":1}`,
	} {
		f.Add("a", []byte(seed))
		f.Add("", []byte(seed))
	}
	f.Fuzz(func(t *testing.T, key string, data []byte) { doctest.Cell(t, records.Type, key, data) })
}
