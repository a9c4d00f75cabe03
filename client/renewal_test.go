package client_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"github.com/tuttisync/tutti/client"
	"github.com/tuttisync/tutti/client/core"
	"github.com/tuttisync/tutti/protocol"
)

// forgetful is a server of one text, "base", that has forgotten its client when
// that comes back: it tells an entry only after it has said so.
type forgetful struct {
	secrets []string // of its connections
	said    []string // the operations, with their bases
	tells   bool     // the entry at all
}

const place = `"term":"AAAAAAAAAAA","recovered":true`

func (f *forgetful) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{"tutti.v1"}})
	if err != nil {
		return
	}
	defer conn.CloseNow()
	say := func(format string, a ...any) {
		_ = conn.Write(r.Context(), websocket.MessageText, fmt.Appendf(nil, format, a...))
	}
	for {
		_, frame, err := conn.Read(r.Context())
		if err != nil {
			return
		}
		messages, _ := protocol.Split(frame)
		for _, raw := range messages {
			var m struct {
				Type    string
				Clients []struct{ Secret string }
				Topics  []struct{ From struct{ Offset int } }
				Seq     int
				Base    int
				Data    json.RawMessage
			}
			_ = json.Unmarshal(raw, &m)
			switch m.Type {
			case "hello":
				f.hello(say, m.Clients[0].Secret, m.Topics[0].From.Offset)
			case "publish":
				f.said = append(f.said, fmt.Sprintf("%d %s", m.Base, m.Data))
				if !f.publish(say, m.Seq, m.Base, m.Data) {
					return
				}
			}
		}
	}
}

func (f *forgetful) hello(say func(string, ...any), secret string, from int) {
	f.secrets = append(f.secrets, secret)
	say(`{"type":"welcome","session":"s","clients":[%q],"ping":25000000,"grace":10000,"limits":{"messageBytes":65536,"frameBytes":262144,"topics":256,"clients":32,"voids":1024,"depth":64,"page":1000}}`, secret)
	if from == 0 {
		say(`{"type":"subscribed","topic":"text:a","offset":1,"snapshot":true,%s}`, place)
		say(`{"type":"snapshot","topic":"text:a","offset":1,"term":"AAAAAAAAAAA","cells":{"text":"base","bar":1,"length":4,"log":[]}}`)
		return
	}
	say(`{"type":"subscribed","topic":"text:a","offset":%d,%s}`, from, place)
}

// publish reports whether the connection goes on.
func (f *forgetful) publish(say func(string, ...any), seq, base int, data json.RawMessage) bool {
	secret := f.secrets[len(f.secrets)-1]
	about := fmt.Sprintf(`"topic":"text:a","client":%q,"seq":%d`, secret, seq)
	entry := func(offset int, client string, base int, data string) {
		say(`{"type":"entry","topic":"text:a","offset":%d,"term":"AAAAAAAAAAA","client":%q,"seq":1,"base":%d,"time":1,"data":%s}`, offset, client, base, data)
	}
	switch {
	case len(f.secrets) == 1:
		say(`{"type":"ack",%s,"offset":2,"term":"AAAAAAAAAAA"}`, about)
		return false
	case secret == f.secrets[0]:
		say(`{"type":"rejected",%s,"error":{"code":"client_expired","message":"","retryable":false}}`, about)
		if f.tells {
			entry(2, secret, 1, `[[4,0," taken"]]`)
		}
	default:
		if !f.tells {
			entry(2, f.secrets[0], 1, `[[4,0," taken"]]`)
		}
		say(`{"type":"ack",%s,"offset":3,"term":"AAAAAAAAAAA"}`, about)
		entry(3, secret, base, string(data))
	}
	return true
}

// TestRenewal: a client is forgotten while the text lacks an entry that the server
// took of it.
func TestRenewal(t *testing.T) {
	for _, tells := range []bool{true, false} {
		bubble(t, fmt.Sprintf("DOC-34 the entry comes: %v", tells), func(t *testing.T) {
			f := &forgetful{tells: tells}
			n := newNetwork(t, f)
			w := client.OpenText(n.connect(t, client.Options{Roads: []string{core.RoadWS}}), "text:a", client.DocumentOptions{})
			ready(t, w.Document)
			shown := mirror(t, w)
			taken := w.Insert(4, " taken")
			synctest.Wait()
			n.set(refuse, "/v1/ws")
			pending := w.Insert(10, " pending")
			time.Sleep(25 * time.Hour)
			n.set("", "/v1/ws")
			confirmed(t, pending)
			synctest.Wait()
			said := []string{`1 [[4,0," taken"]]`, `1 [[10,0," pending"]]`, `2 [[10,0," pending"]]`}
			if tells {
				confirmed(t, taken)
			} else {
				rejected(t, taken, protocol.PositionLost)
				said[2] = `1 [[4,0," pending"]]`
			}
			if len(f.secrets) != 3 || f.secrets[1] != f.secrets[0] || f.secrets[2] == f.secrets[0] || !slices.Equal(f.said, said) {
				t.Errorf("as %q it said %q", f.secrets, f.said)
			}
			words := strings.Fields(w.Value())
			if slices.Sort(words); *shown != w.Value() || !slices.Equal(words, []string{"base", "pending", "taken"}) {
				t.Errorf("it shows %q, told as %q", w.Value(), *shown)
			}
		})
	}
}
