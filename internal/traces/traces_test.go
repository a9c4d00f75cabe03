package traces

import (
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/tuttisync/tutti/text"
)

func TestRead(t *testing.T) {
	first := []text.Event{{Agent: "agent 0", Seq: 1}}
	for name, c := range map[string]struct {
		file string
		want []History // nil: an error
	}{
		"one after the other": {
			`{"startContent": "ab", "endContent": "xb", "txns": [{"patches": [[0, 1, "x"]]}]}`,
			[]History{{Kind: "sequential", End: "xb", Patches: text.Op{{Insert: "ab"}, {Delete: 1, Insert: "x"}}}},
		},
		"concurrent, one without an edit": {
			`{"kind": "concurrent", "endContent": "hi!", "txns": [
				{"parents": [], "agent": 0, "patches": [[0, 0, "hi"]]},
				{"parents": [0], "agent": 1, "patches": []},
				{"parents": [1], "agent": 1, "patches": [[2, 0, "!"]]}]}`,
			[]History{{Kind: "concurrent", End: "hi!", Changes: []text.Change{
				{Agent: "agent 0", Op: text.Insert(0, "hi")},
				{Agent: "agent 1", Parents: first, Op: text.Insert(2, "!")},
			}}},
		},
		"several": {
			`[{"endContent": "a", "txns": [{"span": [0, 1], "agent": "ann", "seqStart": 0, "parents": [], "ops": [[0, 0, "a"]]}]}]`,
			[]History{{Kind: "histories", End: "a", Changes: []text.Change{{Agent: "ann", Op: text.Insert(0, "a")}}}},
		},
		"a parent that comes later": {`{"kind": "concurrent", "txns": [{"parents": [1], "patches": []}]}`, nil},
		"none":                      {`[]`, nil},
		"no JSON":                   {`hello`, nil},
	} {
		for _, zipped := range []bool{false, true} {
			data := []byte(c.file)
			if zipped {
				var b bytes.Buffer
				z := gzip.NewWriter(&b)
				_, _ = z.Write(data)
				_ = z.Close()
				data = b.Bytes()
			}
			file := filepath.Join(t.TempDir(), "trace")
			if err := os.WriteFile(file, data, 0o600); err != nil {
				t.Fatal(err)
			}
			got, err := Read(file)
			if (err == nil) != (c.want != nil) || err == nil && !reflect.DeepEqual(got, c.want) {
				t.Errorf("%s: it is %v, %v, want %v", name, got, err, c.want)
			}
		}
	}
}
