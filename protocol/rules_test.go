package protocol

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// code is that of an error of the table; empty for none.
func code(err error) Code {
	if err == nil {
		return ""
	}
	return AsError(err).Code
}

func TestTopic(t *testing.T) {
	for _, c := range []struct {
		name, topic string
		code        Code
		namespace   string
	}{
		{"TOPIC-1/one_byte", "a", "", "default"},
		{"TOPIC-1/255_bytes", strings.Repeat("x", 255), "", "default"},
		{"TOPIC-1/any_letters", "chat:日本 é/?#%", "", "chat"},
		{"TOPIC-1/empty", "", BadTopic, ""},
		{"TOPIC-1/256_bytes", strings.Repeat("x", 256), BadTopic, ""},
		{"TOPIC-1/256_bytes_of_fewer_letters", strings.Repeat("é", 128), BadTopic, ""},
		{"TOPIC-1/not_utf8", "a\xff", BadTopic, ""},
		{"TOPIC-1/U+0000", "a\x00", BadTopic, ""},
		{"TOPIC-1/U+001F", "a\x1f", BadTopic, ""},
		{"TOPIC-1/U+007F", "a\x7f", BadTopic, ""},
		{"TOPIC-1/U+009F", "a\u009f", BadTopic, ""},
		{"TOPIC-1/U+00A0", "a\u00a0", "", "default"},
		{"TOPIC-2/first_colon", "a:b:c", "", "a"},
		{"TOPIC-2/nothing_before_it", ":a", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := code(CheckTopic(c.topic)); got != c.code {
				t.Errorf("got %q", got)
			}
			if got := Namespace(c.topic); c.code == "" && got != c.namespace {
				t.Errorf("its namespace is %q", got)
			}
		})
	}
}

func TestEntryName_ENTRY_3(t *testing.T) {
	for name, want := range map[string]Code{
		"": "", "a": "", "stock-update": "", "A_z.0:9-": "", strings.Repeat("x", 64): "", "opened": "", "tutti": "", "errors": "",
		strings.Repeat("x", 65): BadName, "a b": BadName, "é": BadName, "a\n": BadName, "a\x00": BadName,
		"open": BadName, "error": BadName, "tutti:": BadName, "tutti:x": BadName,
	} {
		if got := code(CheckName(name)); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}

func TestEntryData(t *testing.T) {
	limits := DefaultLimits()
	nested := func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }
	for _, c := range []struct {
		name, data string
		code       Code
	}{
		{"ENTRY-1/any_value", `[{"a":null,"b":[true,1.5e3,"é\u00e9\ud83d\ude00"]}]`, ""},
		{"ENTRY-1/a_number_beyond_floats", `1e999`, ""},
		{"ENTRY-1/empty", ``, BadMessage},
		{"ENTRY-1/two", `1 2`, BadMessage},
		{"ENTRY-1/broken_behind_it", `1 x`, BadMessage},
		{"ENTRY-1/a_lone_surrogate", `"\ud83d"`, BadMessage},
		{"ENTRY-1/not_utf8", "\"\xc3\x28\"", BadMessage},
		{"ENTRY-1/duplicate_names", `{"a":1,"\u0061":2}`, BadMessage},
		{"ENTRY-1/a_control_character", "\"a\x00\"", BadMessage},
		{"ENTRY-1/NaN", `NaN`, BadMessage},
		{"ENTRY-2/64_KiB", `"` + strings.Repeat("x", 64<<10-2) + `"`, ""},
		{"ENTRY-2/a_byte_more", `"` + strings.Repeat("x", 64<<10-1) + `"`, TooLarge},
		{"ENTRY-2/64_deep", nested(64), ""},
		{"ENTRY-2/65_deep", nested(65), TooDeep},
		{"ENTRY-2/brackets_in_a_string", `"` + strings.Repeat(`[{\"`, 100) + `"`, ""},
		{"ENTRY-2/beside_each_other", `[` + strings.Repeat("[],", 1000) + `[]]`, ""},
		{"ENTRY-2/far_deeper", nested(20_000), BadMessage},
		{"ENTRY-2/16384_members", `[0` + strings.Repeat(`,0`, 16383) + `]`, ""},
		{"ENTRY-2/a_member_more", `[0` + strings.Repeat(`,0`, 16384) + `]`, LimitExceeded},
		{"ENTRY-2/members_of_all_added_up", `[` + strings.Repeat(`{"a":[0]},`, 5462) + `1]`, LimitExceeded},
		{"ENTRY-2/commas_in_a_string", `"` + strings.Repeat(`,[\"`, 10_000) + `"`, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := code(limits.CheckData([]byte(c.data))); got != c.code {
				t.Errorf("got %q, want %q", got, c.code)
			}
		})
	}
}

func TestEntry_ENTRY_4_round_trip(t *testing.T) {
	for name, e := range map[string]Entry{
		"smallest": {Offset: 1, Term: "AAAAAAAAAAA", Time: 1, Data: []byte(`null`)},
		"of_a_client": {
			Offset: MaxOffset, Term: "_-zzzzzzzzz", Client: strings.Repeat("c", 22), Seq: 9, Voids: []Range{{1, 2}, {4, 8}}, Name: "note",
			Time: 1_795_000_000_000, Author: &Author{Sub: "a\"\\\n\u2028é", Name: "</script>"}, Data: []byte(`{"a" : 1}`),
		},
	} {
		t.Run(name, func(t *testing.T) {
			stored := AppendEntry([]byte("x"), &e)[1:]
			got, err := ParseEntry(stored)
			if err != nil || !cmp.Equal(got, e) {
				t.Errorf("%s reads as %+v, %v", stored, got, err)
			}
			for kind, message := range map[string]string{
				"entry":   string(AppendEntryMessage(nil, `a"b`, stored)),
				"wrapped": string(AppendWrapped(nil, `a"b`, stored)),
			} {
				if checkJSON([]byte(message)) != nil || !strings.Contains(message, `"topic":"a\"b",`+string(stored[1:])) {
					t.Errorf("%s: %s", kind, message)
				}
			}
		})
	}
}

func TestPosition_POS_1(t *testing.T) {
	const term = "AbC-_012345"
	for text, want := range map[string]Position{
		"0": {}, "1." + term: {Term: term, Offset: 1}, "9007199254740991." + term: {Term: term, Offset: MaxOffset},
	} {
		got, err := ParsePosition(text)
		if err != nil || got != want || got.String() != text {
			t.Errorf("%s reads as %v (%v)", text, got, err)
		}
	}
	for _, text := range []string{
		"", "x", "1", "-1." + term, "+1." + term, "1.", "1.short", "1." + term + "x", "1.AbC-_01234!", " 1." + term,
		"9007199254740992." + term, "99999999999999999999." + term, "1." + term + "," + "2", "0x1." + term, "1_0." + term,
	} {
		if got, err := ParsePosition(text); code(err) != BadMessage {
			t.Errorf("%q reads as %v (%v)", text, got, err)
		}
	}
}

func TestCursor_POS_1(t *testing.T) {
	const a, b = "AAAAAAAAAAA", "BBBBBBBBBBB"
	for text, want := range map[string]Cursor{
		"0":                              {{}},
		"5." + a:                         {{a, 5}},
		"5." + a + ",7,0,9." + b:         {{a, 5}, {a, 7}, {}, {b, 9}},
		"0,5." + a + ",0,6":              {{}, {a, 5}, {}, {a, 6}},
		"5." + a + ",5." + b + ",5." + a: {{a, 5}, {b, 5}, {a, 5}},
	} {
		got, err := ParseCursor(text, len(want))
		if err != nil || !cmp.Equal(got, want) || want.String() != text {
			t.Errorf("%s reads as %v (%v), and %v is written %s", text, got, err, want, want)
		}
	}
	for text, n := range map[string]int{"": 1, "5": 1, "0,5": 2, "5." + a: 2, "5." + a + ",6": 1, "5." + a + ",": 2, "x," + a: 2} {
		if got, err := ParseCursor(text, n); code(err) != BadMessage {
			t.Errorf("%q over %d topics reads as %v (%v)", text, n, got, err)
		}
	}
}

func TestClient(t *testing.T) {
	day := time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name, secret string
		code         Code
		born         time.Time
	}{
		{"CLIENT-1/128_bits", "20781.q83vEjRWeJCrze8SNFZ4kA", "", day},
		{"CLIENT-1/more", "20781." + strings.Repeat("A", 86), "", day},
		{"CLIENT-1/the_first_day", "0.q83vEjRWeJCrze8SNFZ4kA", "", time.Unix(0, 0).UTC()},
		{"CLIENT-1/too_few_bits", "20781.q83vEjRWeJCrze8SNFZ4", BadClient, time.Time{}},
		{"CLIENT-1/too_many", "20781." + strings.Repeat("A", 88), BadClient, time.Time{}},
		{"CLIENT-1/no_day", ".q83vEjRWeJCrze8SNFZ4kA", BadClient, time.Time{}},
		{"CLIENT-1/no_dot", "20781q83vEjRWeJCrze8SNFZ4kA", BadClient, time.Time{}},
		{"CLIENT-1/a_negative_day", "-1.q83vEjRWeJCrze8SNFZ4kA", BadClient, time.Time{}},
		{"CLIENT-1/a_day_beyond_time", "99999999999.q83vEjRWeJCrze8SNFZ4kA", BadClient, time.Time{}},
		{"CLIENT-1/not_base64url", "20781.q83vEjRWeJCrze8SNFZ4k+", BadClient, time.Time{}},
		{"CLIENT-1/empty", "", BadClient, time.Time{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			born, err := Secret(c.secret).Birthday()
			if code(err) != c.code || !born.Equal(c.born) {
				t.Errorf("got %v, %v", born, err)
			}
		})
	}
	t.Run("CLIENT-1/a_new_one", func(t *testing.T) {
		s, err := NewSecret(strings.NewReader("0123456789abcdef"), day.Add(24*time.Hour-1))
		born, berr := s.Birthday()
		if err != nil || berr != nil || !born.Equal(day) || s != "20781.MDEyMzQ1Njc4OWFiY2RlZg" {
			t.Errorf("got %s, born %v (%v, %v)", s, born, err, berr)
		}
		if _, err := NewSecret(strings.NewReader("short"), day); err == nil {
			t.Error("a secret was made of too little")
		}
	})
	t.Run("CLIENT-2/id", func(t *testing.T) {
		// As sha256sum and basenc make them.
		const secret = "20781.q83vEjRWeJCrze8SNFZ4kA"
		for sub, want := range map[string]string{"alice": "L_YbhMsyHpQ8SB1LcZuyq1", "": "g-TdCkMCHQryCG5My0goEa"} {
			if got := ClientID(sub, secret); got != want || len(got) != ClientIDBytes {
				t.Errorf("of %q: %s, want %s", sub, got, want)
			}
		}
	})
}
