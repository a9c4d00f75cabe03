package config

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestParseDuration(t *testing.T) {
	const day = 24 * time.Hour
	for text, want := range map[string]time.Duration{
		"0s": 0, "500ms": 500 * time.Millisecond, "1h30m": 90 * time.Minute, "7d": 7 * day, "1d12h": 36 * time.Hour, "-1s": -time.Second,
	} {
		if got, err := parseDuration(text); err != nil || got != want {
			t.Errorf("%q: %v, %v; want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "d", "1", "1.5d", "-1d", "1d-1h", "1d1d", "99999d", "2562047h48m", "1 d", "7 days"} {
		if got, err := parseDuration(text); err == nil {
			t.Errorf("%q: %v; want an error", text, got)
		}
	}
}

func TestParseSize(t *testing.T) {
	for text, want := range map[string]Size{"0": 0, "1": 1, "12B": 12, "64KiB": 64 << 10, "3MiB": 3 << 20, "8GiB": 8 << 30} {
		if got, err := parseSize(text); err != nil || got != want {
			t.Errorf("%q: %v, %v; want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "B", "KiB", "-1", "1.5KiB", "1 KiB", "1kB", "1KB", "1K", "9999999999999GiB", "99999999999999999999"} {
		if got, err := parseSize(text); err == nil {
			t.Errorf("%q: %v; want an error", text, got)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		s := Size(rapid.IntMin(0).Draw(t, "size"))
		if back, err := parseSize(s.String()); err != nil || back != s {
			t.Fatalf("%d is %q, which is %v, %v", s, s, back, err)
		}
	})
}

func FuzzDecodeYAML(f *testing.F) {
	f.Add("addr: :1\nnamespaces:\n  chat: &a {retention: {age: 1h}}\n  b: *a\n")
	f.Add("a: &a [*a]")
	f.Add("--- !!map {}\n...\n---\n")
	f.Add("? [k]\n: v\n")
	f.Fuzz(func(t *testing.T, text string) {
		c := Default()
		err := decodeYAML([]byte(text), c, func(int) string { return "HERE " })
		if err != nil {
			if !strings.HasPrefix(err.Error(), "HERE ") {
				t.Fatalf("a fault without its place: %v", err)
			}
			return
		}
		c.Auth.Keys = nil
		c.complete()
		if err := c.Validate(); err != nil && err.Error() == "" {
			t.Fatal("a fault without a message")
		}
	})
}
