package protocol

import (
	"errors"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"pgregory.net/rapid"
)

func TestCanonical(t *testing.T) {
	for name, c := range map[string]struct{ in, want string }{
		"DOC-22_spaces":            {" { \"b\" : [ 1 , true , null ] }\n", `{"b":[1,true,null]}`},
		"DOC-22_names":             {`{"b":1,"a":2,"":3}`, `{"":3,"a":2,"b":1}`},
		"DOC-22_names_by_UTF16":    {`{"\uffee":1,"\ud83d\ude00":2,"z":4}`, "{\"z\":4,\"\U0001f600\":2,\"\uffee\":1}"},
		"DOC-22_inner_names":       {`[{"b":{"d":1,"c":2},"a":0}]`, `[{"a":0,"b":{"c":2,"d":1}}]`},
		"DOC-22_proto":             {`{"constructor":1,"__proto__":{"b":1,"a":2}}`, `{"__proto__":{"a":2,"b":1},"constructor":1}`},
		"DOC-22_strings":           {`"\u0041\/\u000a\u0001\"\\é\u2028"`, "\"A/\\n\\u0001\\\"\\\\é\u2028\""},
		"DOC-22_digits_in_strings": {`"1e400 \" 99999999999999999999"`, `"1e400 \" 99999999999999999999"`},
		"DOC-22_minus_zero":        {`[-0,-0.0,-1e-400,0e9]`, `[0,0,0,0]`},
		"DOC-22_fractions":         {`[1.50,0.1e1,1e-7,0.000001,123e-3]`, `[1.5,1,1e-7,0.000001,0.123]`},
		"DOC-22_whole":             {`[9007199254740991,-9007199254740991,9.007199254740991e15,1e15]`, `[9007199254740991,-9007199254740991,9007199254740991,1000000000000000]`},
		"DOC-22_nearest":           {`[9007199254740991.4,0.1000000000000000055]`, `[9007199254740991,0.1]`},
		"DOC-22_half":              {`4503599627370495.5`, `4503599627370495.5`},
	} {
		t.Run(name, func(t *testing.T) {
			in := c.in
			got, err := Canonical([]byte(in))
			if err != nil || string(got) != c.want {
				t.Errorf("Canonical(%s) = %s, %v; want %s", in, got, err, c.want)
			}
			if again, err := Canonical(got); err != nil || string(again) != c.want {
				t.Errorf("Canonical(Canonical(%s)) = %s, %v", in, again, err)
			}
		})
	}
}

func TestCanonicalRefuses(t *testing.T) {
	for name, in := range map[string]string{
		"DOC-22_beyond":          `9007199254740992`,
		"DOC-22_beyond_below":    `{"a":[-9007199254740992]}`,
		"DOC-22_rounds_beyond":   `9007199254740991.5`,
		"DOC-22_exponent":        `1e21`,
		"DOC-22_long":            `100000000000000000000`,
		"DOC-22_infinite":        `1e400`,
		"DOC-22_infinite_below":  `[0,-1e400]`,
		"DOC-22_duplicate":       `{"a":1,"\u0061":1}`,
		"DOC-22_surrogate":       `"\ud800"`,
		"DOC-22_surrogate_name":  `{"\udc00":1}`,
		"DOC-22_UTF8":            "\"\xff\"",
		"DOC-22_two":             `1 2`,
		"DOC-22_none":            ``,
		"DOC-22_open":            `[1`,
		"DOC-22_NaN":             `NaN`,
		"DOC-22_too_deep_by_far": strings.Repeat("[", 1e6),
	} {
		t.Run(name, func(t *testing.T) {
			if got, err := Canonical([]byte(in)); !errors.Is(err, Errorf(BadOperation, "")) {
				t.Errorf("Canonical(%.40s) = %.40s, %v; want bad_operation", in, got, err)
			}
		})
	}
}

// TestCanonicalNumbers compares with numbers judged by their value.
func TestCanonicalNumbers(t *testing.T) {
	number := rapid.OneOf(
		rapid.Map(rapid.Float64(), func(f float64) string { return strconv.FormatFloat(f, 'g', -1, 64) }),
		rapid.Map(rapid.Int64(), func(n int64) string { return strconv.FormatInt(n, 10) }),
		rapid.Map(rapid.Int64Range(-3, 3), func(n int64) string { return strconv.FormatInt(MaxOffset+n, 10) }),
		rapid.StringMatching(`-?(0|[1-9][0-9]{0,20})(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?`),
	)
	rapid.Check(t, func(t *rapid.T) {
		text := number.Draw(t, "number")
		want, err := strconv.ParseFloat(text, 64)
		fits := err == nil && math.Abs(want) <= MaxOffset
		got, err := Canonical([]byte(`{"n":` + text + `}`))
		if fits != (err == nil) {
			t.Fatalf("%s: %s, %v; want it taken: %t", text, got, err, fits)
		}
		if !fits {
			return
		}
		inner := string(got[len(`{"n":`) : len(got)-1])
		back, err := strconv.ParseFloat(inner, 64)
		if err != nil || back != want || inner[0] == '-' && want == 0 {
			t.Fatalf("%s became %s", text, inner)
		}
	})
}

func TestCompareUTF16(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOf(rapid.RuneFrom([]rune("aé\ud7ff\ue000\uffff\U00010000\U0010ffff")))
		a, b := text.Draw(t, "a"), text.Draw(t, "b")
		want := slices.Compare(utf16.Encode([]rune(a)), utf16.Encode([]rune(b)))
		if got := CompareUTF16(a, b); got != want {
			t.Fatalf("CompareUTF16(%q, %q) = %d, want %d", a, b, got, want)
		}
	})
}

// FuzzCanonical holds what is canonical against the values of both texts.
func FuzzCanonical(f *testing.F) {
	for _, seed := range []string{`{"b":[1,2.50,-0],"a":"\u00e9\ud83d\ude00"}`, `[1e21,9007199254740993]`, `"\u0000"`, `{"":{"":[]}}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := Canonical(data)
		if err != nil {
			if !errors.Is(err, Errorf(BadOperation, "")) {
				t.Fatalf("not bad_operation: %v", err)
			}
			if !jsontext.Value(data).IsValid() {
				return
			}
			var v any
			if json.Unmarshal(data, &v) == nil && within(v) {
				t.Fatalf("refused %s: %v", data, err)
			}
			return
		}
		var was, is any
		if json.Unmarshal(data, &was) != nil || json.Unmarshal(got, &is) != nil {
			t.Fatalf("%s became %s", data, got)
		}
		if !within(was) {
			t.Fatalf("took %s as %s", data, got)
		}
		wasText, _ := json.Marshal(was, json.Deterministic(true))
		isText, _ := json.Marshal(is, json.Deterministic(true))
		if strings.ReplaceAll(string(wasText), "-0", "0") != strings.ReplaceAll(string(isText), "-0", "0") {
			t.Fatalf("%s became %s", data, got)
		}
		if again, err := Canonical(got); err != nil || string(again) != string(got) {
			t.Fatalf("%s became %s and then %s, %v", data, got, again, err)
		}
	})
}

func within(v any) bool {
	switch v := v.(type) {
	case float64:
		return math.Abs(v) <= MaxOffset
	case []any:
		return !slices.ContainsFunc(v, func(e any) bool { return !within(e) })
	case map[string]any:
		for _, e := range v {
			if !within(e) {
				return false
			}
		}
	}
	return true
}
