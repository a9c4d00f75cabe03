package protocol

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"
)

func TestSplit_FRAME_1(t *testing.T) {
	for frame, want := range map[string][]string{
		` {"type":"ping"} `:            {`{"type":"ping"}`},
		`[]`:                           {},
		"[{\"a\": 1},\n{}]":            {`{"a": 1}`, `{}`},
		``:                             nil,
		`null`:                         nil,
		`"ping"`:                       nil,
		`[1]`:                          nil,
		`[[{}]]`:                       nil,
		`{} {}`:                        nil,
		`{"a":1,"a":2}`:                nil,
		`{"a":"` + "\xff" + `"}`:       nil,
		strings.Repeat(`[`, 100_000):   nil,
		`[` + strings.Repeat(`{},`, 3): nil,
	} {
		got, err := Split([]byte(frame))
		if want == nil {
			if code(err) != BadFrame {
				t.Errorf("%.40q: %q, %v", frame, got, err)
			}
			continue
		}
		texts := []string{}
		for _, v := range got {
			texts = append(texts, string(v))
		}
		if err != nil || !slices.Equal(texts, want) {
			t.Errorf("%.40q: %q, %v", frame, texts, err)
		}
	}
}

func TestDecodeCommand(t *testing.T) {
	one := uint64(1)
	const term = "AAAAAAAAAAA"
	for text, want := range map[string]any{
		`{"type":"hello"}`: &Hello{},
		`{"type":"hello","token":"t","clients":[{"secret":"20781.q83vEjRWeJCrze8SNFZ4kA","run":2}],"topics":[{"id":9,"topic":"a","from":{"last":3}}]}`: &Hello{
			Token: "t", Clients: []ClientProof{{"20781.q83vEjRWeJCrze8SNFZ4kA", 2}}, Topics: []Subscribe{{Topic: "a", From: FromLast(3)}},
		},
		`{"type":"auth","id":1,"token":"t"}`:                                               &Auth{ID: 1, Token: "t"},
		`{"type":"subscribe","id":1,"topic":"a"}`:                                          &Subscribe{ID: 1, Topic: "a"},
		`{"id":1,"topic":"a","from":"earliest","else":"new","type":"subscribe"}`:           &Subscribe{ID: 1, Topic: "a", From: FromEarliest(), Else: "new"},
		`{"type":"subscribe","id":1,"topic":"a","from":{"offset":3,"term":"AAAAAAAAAAA"}}`: &Subscribe{ID: 1, Topic: "a", From: FromPosition(Position{term, 3})},
		`{"type":"unsubscribe","id":1,"topic":"a"}`:                                        &Unsubscribe{ID: 1, Topic: "a"},
		`{"type":"publish","topic":"a","seq":3,"voids":[[1,2]],"name":"n","data": {"a" : 1}}`: &Publish{
			Topic: "a", Seq: 3, Voids: []Range{{1, 2}}, Name: "n", Data: jsontext.Value(`{"a" : 1}`),
		},
		`{"type":"publish","topic":"a","seq":1,"data":null}`:           &Publish{Topic: "a", Seq: 1, Data: jsontext.Value(`null`)},
		`{"type":"history","id":1,"topic":"a","after":1,"limit":1000}`: &History{ID: 1, Topic: "a", After: &one, Limit: 1000},
		`{"type":"ping","x":1}`:                                        &Ping{},
		`{"type":"pong"}`:                                              &Pong{},
	} {
		got, err := DecodeCommand(jsontext.Value(text), DefaultLimits())
		if err != nil || !cmp.Equal(got, want, cmp.AllowUnexported(From{})) {
			t.Errorf("%s reads as %+v, %v", text, got, err)
		}
	}
}

// What is wrong is told with all that could be read, so that the answer
// reaches whoever waits for it.
func TestDecodeCommand_FRAME_2(t *testing.T) {
	for text, want := range map[string]BadCommand{
		`{}`:                                    {Err: &Error{Code: UnknownType}},
		`{"type":"sing","id":3}`:                {Err: &Error{Code: UnknownType}, Type: "sing", ID: 3},
		`{"type":["auth"],"id":3}`:              {Err: &Error{Code: BadMessage}, ID: 3},
		`{"type":null,"id":3}`:                  {Err: &Error{Code: BadMessage}, ID: 3},
		`{"type":"auth","id":3}`:                {Err: &Error{Code: BadMessage}, Type: "auth", ID: 3},
		`{"type":"auth","token":"t"}`:           {Err: &Error{Code: BadMessage}, Type: "auth"},
		`{"type":"subscribe","id":3,"topic":7}`: {Err: &Error{Code: BadMessage}, Type: "subscribe", ID: 3},
		`{"type":"subscribe","id":3,"topic":"a","else":"x"}`:                    {Err: &Error{Code: BadMessage}, Type: "subscribe", ID: 3, Topic: "a"},
		`{"type":"subscribe","id":3,"topic":"a","from":{"last":1,"offset":1}}`:  {Err: &Error{Code: BadMessage}, Type: "subscribe", ID: 3, Topic: "a"},
		`{"type":"unsubscribe","id":3,"topic":""}`:                              {Err: &Error{Code: BadTopic}, Type: "unsubscribe", ID: 3},
		`{"type":"publish","topic":"a","seq":3}`:                                {Err: &Error{Code: BadMessage}, Type: "publish", Topic: "a", Seq: 3},
		`{"type":"publish","topic":"a","seq":1.5,"data":1}`:                     {Err: &Error{Code: BadMessage}, Type: "publish", Topic: "a"},
		`{"type":"publish","topic":"a","seq":3,"client":"x","data":1}`:          {Err: &Error{Code: BadClient}, Type: "publish", Topic: "a", Seq: 3, Client: "x"},
		`{"type":"publish","topic":"a","seq":3,"voids":[[0,1]],"data":1}`:       {Err: &Error{Code: BadMessage}, Type: "publish", Topic: "a", Seq: 3},
		`{"type":"publish","topic":"a","seq":3,"voids":[[2,1]],"data":1}`:       {Err: &Error{Code: BadMessage}, Type: "publish", Topic: "a", Seq: 3},
		`{"type":"publish","topic":"a","seq":3,"voids":[[1,1],[1,2]],"data":1}`: {Err: &Error{Code: BadMessage}, Type: "publish", Topic: "a", Seq: 3},
		`{"type":"history","id":9007199254740992,"topic":"a"}`:                  {Err: &Error{Code: BadMessage}, Type: "history", ID: 9007199254740992, Topic: "a"},
	} {
		got, err := DecodeCommand(jsontext.Value(text), DefaultLimits())
		var bad *BadCommand
		if !errors.As(err, &bad) {
			t.Errorf("%s reads as %+v, %v", text, got, err)
			continue
		}
		if bad.Err.Code != want.Err.Code || bad.Err.Message == "" {
			t.Errorf("%s: %v, want %s", text, bad.Err, want.Err.Code)
		}
		if bad.Type != want.Type || bad.ID != want.ID || bad.Topic != want.Topic || bad.Client != want.Client || bad.Seq != want.Seq {
			t.Errorf("%s: told is %+v", text, *bad)
		}
	}
}

// Errors quote no more of a message than a little of a name.
func TestDecodeCommand_errors_are_short(t *testing.T) {
	long := strings.Repeat("x", 10_000)
	for _, text := range []string{
		`{"type":"` + long + `"}`, `{"type":"subscribe","id":1,"topic":"` + long + `"}`, `{"type":"publish","topic":"a","seq":1,"name":"` + long + `","data":1}`,
		`{"type":"prove","id":1,"clients":[{"secret":"` + long + `","run":1}]}`,
		`{"type":"hello","clients":[{"secret":"` + long + `","run":1}]}`, `{"type":"hello","topics":[{"` + long + `":1,"topic":[]}]}`,
	} {
		if _, err := DecodeCommand(jsontext.Value(text), DefaultLimits()); err == nil || len(AsError(err).Message) > 300 {
			t.Errorf("%.60q: %v", text, err)
		}
	}
}

func TestPublication(t *testing.T) {
	for body, want := range map[string]Code{
		`{"data":1}`:               "",
		`{"name":"a","data":[1 ]}`: "",
		`{"data":null}`:            "",
		`{}`:                       BadMessage,
		`null`:                     BadMessage,
		`{"data":1`:                BadMessage,
		`{"data":1} {}`:            BadMessage,
		`{"name":"open","data":1}`: BadName,
		`{"data":{"a":1,"a":1}}`:   BadMessage,
		`{"Data":1}`:               BadMessage,
		`{"data":` + strings.Repeat("[", 65) + strings.Repeat("]", 65) + `}`: TooDeep,
	} {
		if p, err := DecodePublication([]byte(body), DefaultLimits()); code(err) != want {
			t.Errorf("%s reads as %+v, %v", body, p, err)
		}
	}
}

func TestHistoryPage_ENTRY_1_leaves_entries_alone(t *testing.T) {
	p := &HistoryPage{ID: 3, Topic: "a", First: 1, Head: Position{"AAAAAAAAAAA", 2}, Entries: []jsontext.Value{[]byte(`{"data": 1.0}`), []byte(`{"data":"\u00e9" }`)}}
	const want = `{"type":"history","id":3,"topic":"a","first":1,"head":{"term":"AAAAAAAAAAA","offset":2},"entries":[{"data": 1.0},{"data":"\u00e9" }]}`
	if got := string(Append(nil, p)); got != want {
		t.Errorf("got %s", got)
	}
	if got := string(Append(nil, &HistoryPage{Topic: "a"})); !strings.HasSuffix(got, `"entries":[]}`) {
		t.Errorf("an empty page: %s", got)
	}
}
