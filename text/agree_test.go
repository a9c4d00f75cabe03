package text

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
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

// stored is a history that follows from a seed and a number of steps, the text
// that it comes to, and both as they are saved.
type stored struct {
	Seed  uint32 `json:"seed"`
	Steps int    `json:"steps"`
	Text  string `json:"text"`
	Saved []byte `json:"saved"`
}

const (
	agreedFile = "../conformance/text/histories.json"
	storedFile = "../conformance/text/saved.json"
)

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
		writeLines(t, agreedFile, want)
	}
	readLines(t, agreedFile, &want)
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

// TestAgree_saved holds what both languages save together: each saves the same
// bytes of a history, and opens them.
func TestAgree_saved(t *testing.T) {
	var want []stored
	if *update {
		for seed := range uint32(50) {
			s := stored{Seed: seed, Steps: 3 * int(seed)}
			if seed%10 == 9 {
				s.Steps = 400
			}
			s.Text, s.Saved = s.save(t)
			want = append(want, s)
		}
		writeLines(t, storedFile, want)
	}
	readLines(t, storedFile, &want)
	for _, s := range want {
		text, saved := s.save(t)
		if text != s.Text || !bytes.Equal(saved, s.Saved) {
			t.Errorf("seed %d: the text is %q, saved as\n%x, want %q and\n%x", s.Seed, text, saved, s.Text, s.Saved)
		}
		back, err := Open("opener", s.Saved)
		if err != nil || back.String() != s.Text {
			t.Errorf("seed %d: opened it is %q, %v", s.Seed, back.String(), err)
		} else if err := back.load(); err != nil {
			t.Errorf("seed %d: %v", s.Seed, err)
		}
	}
}

func (s stored) save(t *testing.T) (text string, saved []byte) {
	d := agreed{Seed: s.Seed, Steps: s.Steps}.fold()
	r := Replica{history: d.history, text: d.text}
	saved, err := r.Save()
	if err != nil {
		t.Fatal(err)
	}
	return r.String(), saved
}

func readLines[T any](t *testing.T, file string, into *[]T) {
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, into); err != nil {
		t.Fatal(err)
	}
}

// writeLines writes values, one on a line.
func writeLines[T any](t *testing.T, file string, values []T) {
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	out := []byte("[")
	for i, v := range values {
		line, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		if i > 0 {
			out = append(out, ',')
		}
		out = append(append(out, '\n'), line...)
	}
	if err := os.WriteFile(file, append(out, "\n]\n"...), 0o644); err != nil {
		t.Fatal(err)
	}
}
