package text

import (
	"encoding/json"
	"flag"
	"os"
	"testing"
)

var update = flag.Bool("update", false, "write the histories that both languages check")

// mulberry makes numbers that look random and follow from a seed, by 32-bit
// arithmetic that is the same in TypeScript (mulberry32 by Tommy Ettinger).
type mulberry uint32

func (m *mulberry) IntN(n int) int {
	*m += 0x6d2b79f5
	x := uint32(*m)
	x = (x ^ x>>15) * (x | 1)
	x ^= x + (x^x>>7)*(x|61)
	return int((x ^ x>>14) % uint32(n))
}

// agreed is a history that follows from a seed and a number of steps, and the
// text that it comes to.
type agreed struct {
	Seed  uint32 `json:"seed"`
	Steps int    `json:"steps"`
	Text  string `json:"text"`
}

const agreedFile = "../conformance/text/histories.json"

// TestAgree holds Go and TypeScript together: both make the same random
// histories from a seed, and come to the same texts.
func TestAgree(t *testing.T) {
	var want []agreed
	if *update {
		for seed := range uint32(400) {
			a := agreed{Seed: seed, Steps: 5 + int(seed)%60}
			if seed%40 == 0 {
				a.Steps = 200
			}
			a.Text = a.fold().text.String()
			want = append(want, a)
		}
		writeAgreed(t, want)
	}
	data, err := os.ReadFile(agreedFile)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &want); err != nil {
		t.Fatal(err)
	}
	for _, a := range want {
		if got := a.fold().text.String(); got != a.Text {
			t.Errorf("seed %d: the text is %q, want %q", a.Seed, got, a.Text)
		}
	}
}

func (a agreed) fold() *document {
	random, d := mulberry(a.Seed), newDocument()
	drawHistory(&random, a.Steps, func(x txn) { x.addTo(&d.history) })
	d.fold(0)
	return d
}

// writeAgreed writes histories, one on a line.
func writeAgreed(t *testing.T, histories []agreed) {
	if err := os.MkdirAll("../conformance/text", 0o755); err != nil {
		t.Fatal(err)
	}
	out := []byte("[")
	for i, a := range histories {
		line, err := json.Marshal(a)
		if err != nil {
			t.Fatal(err)
		}
		if i > 0 {
			out = append(out, ',')
		}
		out = append(append(out, '\n'), line...)
	}
	if err := os.WriteFile(agreedFile, append(out, "\n]\n"...), 0o600); err != nil {
		t.Fatal(err)
	}
}
