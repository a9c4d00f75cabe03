package api

import (
	"fmt"
	"strings"
	"testing"

	"github.com/coder/websocket"

	"github.com/tuttisync/tutti/protocol"
)

// Each frame is answered by a coded error, or by a coded close; and another
// connection, which reads and writes the same topic, notices nothing.
func TestBadInput(t *testing.T) {
	s := serve(t)
	term := s.tell("open:a", "", `1`).Term
	witness := s.connect("")
	witness.ask(`{"type":"subscribe","id":1,"topic":"open:a"}`)
	seq, offset := 0, uint64(1)
	for _, c := range []struct {
		name, frame string
		answer      string // type of the answer, or close
		code        protocol.Code
		close       int
	}{
		{"FRAME-1/no_json", `{"type":`, "close", protocol.BadFrame, 4200},
		{"FRAME-1/empty", ``, "close", protocol.BadFrame, 4200},
		{"FRAME-1/not_utf8_is_the_transport's", "{\"type\":\"\xff\"}", "", "", 1007},
		{"FRAME-1/duplicate_names", `{"type":"ping","type":"pong"}`, "close", protocol.BadFrame, 4200},
		{"FRAME-1/deep_nesting", strings.Repeat(`{"a":`, 40_000), "close", protocol.BadFrame, 4200},
		{"FRAME-1/oversize_is_the_transport's", strings.Repeat(" ", 300<<10), "", "", 1009},
		{"FRAME-2/unknown_type", `{"type":"sing","id":3}`, "error", protocol.UnknownType, 0},
		{"FRAME-2/wrong_shape", `{"type":"subscribe","id":3,"topic":{}}`, "error", protocol.BadMessage, 0},
		{"HELLO-1/a_second_hello", `{"type":"hello"}`, "error", protocol.BadMessage, 0},
		{"TOPIC-1/subscribe", `{"type":"subscribe","id":3,"topic":"open:\u0007"}`, "error", protocol.BadTopic, 0},
		{"TOPIC-2/subscribe", `{"type":"subscribe","id":3,"topic":"nowhere:a"}`, "error", protocol.UnknownNamespace, 0},
		{"TOPIC-2/history", `{"type":"history","id":3,"topic":"nowhere:a"}`, "error", protocol.UnknownNamespace, 0},
		{"TOPIC-2/publish", `{"type":"publish","topic":"nowhere:a","seq":1,"data":1}`, "rejected", protocol.UnknownNamespace, 0},
		{"POS-1/a_position_without_a_term", `{"type":"subscribe","id":3,"topic":"open:a","from":{"offset":1}}`, "error", protocol.BadMessage, 0},
		{"POS-1/a_negative_position", `{"type":"subscribe","id":3,"topic":"open:a","from":{"offset":-1,"term":"AAAAAAAAAAA"}}`, "error", protocol.BadMessage, 0},
		{"POS-1/a_term_that_is_none", `{"type":"subscribe","id":3,"topic":"open:a","from":{"offset":1,"term":"x"}}`, "error", protocol.BadMessage, 0},
		{"POS-2/an_unknown_term", `{"type":"subscribe","id":3,"topic":"open:a","from":{"offset":1,"term":"AAAAAAAAAAA"},"else":"new"}`, "subscribed", "", 0},
		{"POS-2/a_future_position", fmt.Sprintf(`{"type":"subscribe","id":3,"topic":"open:a","from":{"offset":9007199254740991,"term":%q},"else":"new"}`, term), "subscribed", "", 0},
		{"CLIENT-2/a_client_without_its_secret", `{"type":"publish","topic":"open:a","client":"AAAAAAAAAAAAAAAAAAAAAA","seq":1,"data":1}`, "rejected", protocol.BadClient, 0},
		{"ENTRY-1/lone_surrogate", `{"type":"publish","topic":"open:a","seq":1,"data":"\ud800"}`, "close", protocol.BadFrame, 4200},
		{"ENTRY-2/too_deep", `{"type":"publish","topic":"open:a","seq":1,"data":` + strings.Repeat("[", 65) + strings.Repeat("]", 65) + `}`, "rejected", protocol.TooDeep, 0},
		{"ENTRY-2/too_large", `{"type":"publish","topic":"open:a","seq":1,"data":"` + strings.Repeat("x", 64<<10) + `"}`, "rejected", protocol.TooLarge, 0},
		{"ENTRY-3/bad_name", `{"type":"publish","topic":"open:a","seq":1,"name":"error","data":1}`, "rejected", protocol.BadName, 0},
		{"PUB-1/seq_0", `{"type":"publish","topic":"open:a","seq":0,"data":1}`, "error", protocol.BadMessage, 0},
		{"PUB-1/seq_beyond_numbers", `{"type":"publish","topic":"open:a","seq":9007199254740992,"data":1}`, "rejected", protocol.BadMessage, 0},
		{"PUB-4/a_gap", `{"type":"publish","topic":"open:a","seq":9,"data":1}`, "gap", "", 0},
		{"PUB-7/voids_above_its_own", `{"type":"publish","topic":"open:a","seq":2,"voids":[[2,2]],"data":1}`, "rejected", protocol.BadMessage, 0},
		{"PUB-7/voids_that_descend", `{"type":"publish","topic":"open:a","seq":9,"voids":[[3,4],[1,2]],"data":1}`, "rejected", protocol.BadMessage, 0},
		{"PUB-7/voids_of_the_wrong_shape", `{"type":"publish","topic":"open:a","seq":9,"voids":[[3]],"data":1}`, "rejected", protocol.BadMessage, 0},
		{"PUB-7/too_many_voids", `{"type":"publish","topic":"open:a","seq":9,"voids":[` + strings.Repeat(`[1,1],`, 1024) + `[1,1]],"data":1}`, "rejected", protocol.LimitExceeded, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := s.connect("")
			w.t = t
			w.say(c.frame)
			switch c.answer {
			case "":
				_, said, err := w.conn.Read(w.ctx)
				if err == nil || int(websocket.CloseStatus(err)) != c.close {
					t.Errorf("got %q, %v", said, err)
				}
			case "close":
				if code, status := w.end(); code != c.code || status != c.close {
					t.Errorf("closed with %s, %d", code, status)
				}
			default:
				m := w.hear()
				if m.Type != c.answer || m.code() != c.code || m.Recovered {
					t.Errorf("got %+v", m)
				}
				if m := w.ask(`{"type":"ping"}`); m.Type != "pong" {
					t.Errorf("then came %+v", m)
				}
			}
			witness.t = t
			seq++
			offset++
			kinds := witness.ask(fmt.Sprintf(`{"type":"publish","topic":"open:a","seq":%d,"data":1}`, seq)).Type
			m := witness.hear()
			if kinds += " " + m.Type; (kinds != "ack entry" && kinds != "entry ack") || m.Offset != offset {
				t.Errorf("the other connection hears %s, %+v", kinds, m)
			}
		})
	}
}

// A message that is binary is none.
func TestBadInput_binary(t *testing.T) {
	s := serve(t)
	w := s.connect("")
	must(t, w.conn.Write(w.ctx, websocket.MessageBinary, []byte(`{"type":"ping"}`)))
	if _, _, err := w.conn.Read(w.ctx); websocket.CloseStatus(err) != websocket.StatusUnsupportedData {
		t.Errorf("got %v", err)
	}
}

// Thousands of commands in one frame are answered, in order, exactly once.
func TestFrame_FRAME_3_every_command_is_answered_in_order(t *testing.T) {
	s := serve(t)
	w := s.connect("")
	frame := []string{`{"type":"ping"}`}
	for i := 1; i <= 3000; i++ {
		frame = append(frame, fmt.Sprintf(`{"type":"unsubscribe","id":%d,"topic":"open:a"}`, i))
	}
	w.say("[" + strings.Join(frame, ",") + "]")
	if m := w.hear(); m.Type != "pong" {
		t.Errorf("got %+v", m)
	}
	for i := uint64(1); i <= 3000; i++ {
		if m := w.hear(); m.ID != i || m.Type != "unsubscribed" {
			t.Fatalf("answer %d is %+v", i, m)
		}
	}
}

// What was published is delivered byte for byte, live, as history, and on
// every encoding of it.
func TestEntry_ENTRY_1_byte_for_byte(t *testing.T) {
	const data = `{ "b" : 1e2, "a":"\u00e9\/é" ,"c":[1.0,  12345678901234567890]}`
	s := serve(t)
	w := s.connect("")
	w.ask(`{"type":"subscribe","id":1,"topic":"open:a"}`)
	w.say(`{"type":"publish","topic":"open:a","seq":1,"data":` + data + `}`)
	for range 2 {
		if m := w.hear(); m.Type == "entry" && string(m.Data) != data {
			t.Errorf("live: %s", m.Data)
		}
	}
	if m := w.ask(`{"type":"history","id":2,"topic":"open:a"}`); !strings.Contains(string(m.Entries[0]), data) {
		t.Errorf("history: %s", m.Entries[0])
	}
	l := s.listen("topic=open:a&from=earliest")
	l.block()
	l.expect("id: 1." + s.log.Term() + "\ndata: " + data)
}
