package sse

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	gosse "github.com/tmaxmax/go-sse"
)

// all reads a stream to its end.
func all(t *testing.T, r *Reader) (events []string, err error) {
	t.Helper()
	for {
		data, err := r.Next()
		if err != nil {
			return events, err
		}
		events = append(events, string(data))
	}
}

func TestReader(t *testing.T) {
	for _, tc := range []struct {
		name, stream string
		want         []string
	}{
		{"one", "data: 1\n\n", []string{"1"}},
		{"no_space", "data:1\n\n", []string{"1"}},
		{"one_space_alone", "data:  1\n\n", []string{" 1"}},
		{"lines", "data: [1,\ndata: 2]\n\n", []string{"[1,\n2]"}},
		{"ends_of_lines", "data: 1\r\rdata: 2\r\n\r\ndata: 3\n\r\n", []string{"1", "2", "3"}},
		{"mark", "\uFEFFdata: 1\n\n", []string{"1"}},
		{"mark_once", "data: 1\n\n\uFEFFdata: 2\n\n", []string{"1"}},
		{"comments", ": hello\n\n:\ndata: 1\n: more\n\n", []string{"1"}},
		{"other_fields", "id: 7\nevent: x\nretry: 5\nfoo\ndata: 1\n\nid: 8\n\n", []string{"1"}},
		{"no_colon", "data\n\ndata\ndata\n\n", []string{"", "\n"}},
		{"cut_short", "data: 1\n\ndata: 2\n", []string{"1"}},
		{"long_enough", "data: 0123456789\n\n", []string{"0123456789"}},
		{"nothing", "", nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			for how, r := range map[string]io.Reader{
				"whole": strings.NewReader(tc.stream), "by byte": iotest.OneByteReader(strings.NewReader(tc.stream)),
			} {
				got, err := all(t, NewReader(r, 10))
				if !slices.Equal(got, tc.want) || !errors.Is(err, io.EOF) {
					t.Errorf("%s: %q, %v; want %q", how, got, err, tc.want)
				}
			}
		})
	}
}

func TestReaderLimits(t *testing.T) {
	for _, tc := range []struct{ name, stream string }{
		{"line", "data: 0123456789a"},
		{"comment", ":" + strings.Repeat(" ", 100)},
		{"lines", "data: 01234\ndata: 56789\n\n"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got, err := all(t, NewReader(strings.NewReader(tc.stream), 10)); !errors.Is(err, ErrTooLong) {
				t.Errorf("read %q, %v", got, err)
			}
		})
	}
	broken := errors.New("broken")
	if _, err := all(t, NewReader(iotest.ErrReader(broken), 10)); !errors.Is(err, broken) {
		t.Errorf("the error is %v", err)
	}
}

// TestReader_does_not_wait: an event that ends in CR is there before anything
// follows.
func TestReader_does_not_wait(t *testing.T) {
	in, out := io.Pipe()
	defer in.Close()
	r := NewReader(in, 100)
	for _, end := range []string{"\r\r", "\r\n\r\n", "\n\n"} {
		go func() { _, _ = out.Write([]byte("data: 1" + end)) }()
		if data, err := r.Next(); string(data) != "1" || err != nil {
			t.Fatalf("%q: %q, %v", end, data, err)
		}
	}
}

// FuzzReader compares the reader with another one.
func FuzzReader(f *testing.F) {
	for _, seed := range []string{
		"data: 1\n\n", "\uFEFFdata: {\"type\":\"ping\"}\r\n\r\n: x\r\rdata:a\rdata: b\n\nid: 1\n\ndata\n\n", "data: 1\n", "\r\n\r\n\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, stream []byte) {
		got, err := all(t, NewReader(bytes.NewReader(stream), len(stream)))
		if !errors.Is(err, io.EOF) {
			t.Fatalf("ends with %v", err)
		}
		var want []string
		for e, err := range gosse.Read(bytes.NewReader(stream), &gosse.ReadConfig{MaxEventSize: len(stream) + 4096}) {
			if err != nil {
				t.Fatal(err)
			}
			want = append(want, e.Data)
		}
		// The other reader also tells events that have no data.
		nothing := func(s string) bool { return s == "" }
		if got, want = slices.DeleteFunc(got, nothing), slices.DeleteFunc(want, nothing); !slices.Equal(got, want) {
			t.Fatalf("%q: %q, want %q", stream, got, want)
		}
	})
}
