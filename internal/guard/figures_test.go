package guard

import (
	"encoding/json"
	"flag"
	"math"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"
)

const (
	figuresFile = "testdata/figures.json"
	growth      = 1.1 // what a figure may become of itself
	// patience ends a test that would hang.
	patience = time.Minute
)

var update = flag.Bool("update", false, "write what is measured to "+figuresFile)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// figures are what is committed.
type figures struct {
	AllocationsPerDelivery float64 `json:"allocationsPerDelivery"`
	BytesPerIdleConnection float64 `json:"bytesPerIdleConnection"`
}

func readFigures(t *testing.T) figures {
	t.Helper()
	text, err := os.ReadFile(figuresFile)
	must(t, err)
	var f figures
	must(t, json.Unmarshal(text, &f))
	return f
}

// guard fails if the figure that field points out has grown too much, or, with
// -update, writes it.
func guard(t *testing.T, measured float64, field func(*figures) *float64) {
	t.Helper()
	f := readFigures(t)
	committed := field(&f)
	t.Logf("measured %.4g, committed %.4g", measured, *committed)
	if *update {
		*committed = rounded(measured)
		text, err := json.MarshalIndent(f, "", "  ")
		must(t, err)
		must(t, os.WriteFile(figuresFile, append(text, '\n'), 0o644))
		return
	}
	if tooMuch(measured, *committed) {
		t.Errorf("%.4g is more than a tenth above the committed %.4g; if the change is worth it: go test ./internal/guard -update",
			measured, *committed)
	}
}

func tooMuch(measured, committed float64) bool { return !(measured <= committed*growth) }

// rounded keeps three digits, so that the file changes when something has.
func rounded(x float64) float64 {
	unit := math.Pow(10, math.Floor(math.Log10(x))-2)
	// Multiplying by a fraction would leave digits behind.
	if unit < 1 {
		per := math.Round(1 / unit)
		return math.Round(x*per) / per
	}
	return math.Round(x/unit) * unit
}

func TestTooMuch(t *testing.T) {
	for _, test := range []struct {
		name                string
		measured, committed float64
		want                bool
	}{
		{"the same", 100, 100, false},
		{"less", 10, 100, false},
		{"a little more", 109, 100, false},
		{"more than a tenth", 111, 100, true},
		{"nothing committed", 1, 0, true},
		{"no number", math.NaN(), 100, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := tooMuch(test.measured, test.committed); got != test.want {
				t.Errorf("tooMuch(%v, %v) = %v", test.measured, test.committed, got)
			}
		})
	}
}

func TestRounded(t *testing.T) {
	for x, want := range map[float64]float64{5432.1: 5430, 0.041234: 0.0412, 1.2345: 1.23, 999.9: 1000} {
		if got := rounded(x); got != want {
			t.Errorf("rounded(%v) = %v, want %v", x, got, want)
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
