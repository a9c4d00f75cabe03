package client_test

import (
	"compress/gzip"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tuttisync/tutti"
	"github.com/tuttisync/tutti/client"
	"github.com/tuttisync/tutti/text"
)

var traceTxns = flag.Int("trace.txns", 4000, "how many transactions of each recorded history are played (0: all)")

// TestTrace plays recorded histories of concurrent writing over a real server: each
// who wrote is a client, whose link is paused so that it has seen, when it makes an
// edit, exactly what was seen when that was recorded. The histories are those in
// the directory that TUTTI_TRACES names.
func TestTrace(t *testing.T) {
	dir := os.Getenv("TUTTI_TRACES")
	if dir == "" {
		dir = "../../shared/traces"
	}
	files, _ := filepath.Glob(filepath.Join(dir, "*.json.gz"))
	played := 0
	for _, file := range files {
		x := readRecorded(t, file)
		if x.Kind != "concurrent" {
			continue
		}
		played++
		t.Run(strings.TrimSuffix(filepath.Base(file), ".json.gz"), func(t *testing.T) {
			whole := len(x.Txns)
			n := *traceTxns
			if testing.Short() {
				n = 500
			}
			if n > 0 && n < whole {
				x.Txns = x.Txns[:n]
			}
			s := arrange(x.Txns)
			t.Logf("%d of %d transactions can be played", len(s.notes), len(x.Txns))
			want := x.EndContent
			if len(s.notes) < whole {
				want = x.merged(t, s)
			}
			play(t, x, s, func(*band) string { return want })
		})
	}
	if played == 0 {
		t.Skip("there are no recorded histories of concurrent writing")
	}
}

func readRecorded(t *testing.T, file string) *recorded {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	var x recorded
	if err := json.NewDecoder(z).Decode(&x); err != nil {
		t.Fatal(err)
	}
	return &x
}

// merged is what the transactions of a score make without a server and its log.
func (x *recorded) merged(t *testing.T, s score) string {
	t.Helper()
	played := make(map[int]bool)
	for _, n := range s.notes {
		played[n.txn] = true
	}
	var changes []text.Change
	seqs, ends := make([]int, x.NumAgents), make([][]text.Event, len(x.Txns))
	for i, txn := range x.Txns {
		c := text.Change{Agent: fmt.Sprint("agent", txn.Agent), Seq: seqs[txn.Agent], Op: txn.Patches}
		for _, p := range txn.Parents {
			for _, e := range ends[p] {
				if !slices.Contains(c.Parents, e) {
					c.Parents = append(c.Parents, e)
				}
			}
		}
		if !played[i] {
			if events(txn.Patches) == 0 { // it is no entry; others may follow it
				ends[i] = c.Parents
			}
			continue
		}
		seqs[txn.Agent] += events(txn.Patches)
		ends[i] = []text.Event{{Agent: c.Agent, Seq: seqs[txn.Agent] - 1}}
		changes = append(changes, c)
	}
	r := text.New("a reader")
	if _, err := r.MergeChanges(changes); err != nil {
		t.Fatal(err)
	}
	return r.String()
}

// Each of its transactions has twice as many ways back as the one before.
func TestTrace_part_of_a_history_that_merges_again_and_again(t *testing.T) {
	x := &recorded{NumAgents: 1, Txns: []recordedTxn{
		{Patches: text.Insert(0, "a")},
		{Parents: []int{0}},
		{Parents: []int{0, 1}, Patches: text.Insert(1, "b")},
	}}
	for i := range 60 {
		x.Txns = append(x.Txns, recordedTxn{Parents: []int{i, i + 1, i + 2}, Patches: text.Insert(0, "c")})
	}
	if got := x.merged(t, score{clients: 1, notes: []note{{txn: 0}, {txn: 2}}}); got != "ab" {
		t.Errorf("it makes %q", got)
	}
}

const traceTopic = "text:trace"

// play plays a history, and sees that it comes to what is meant: at every client,
// over HTTP, and on a server that was started again.
func play(t *testing.T, x *recorded, s score, meant func(*band) string) {
	config := tutti.Config{Dir: t.TempDir(), Dev: true, Ping: time.Hour}
	srv := serve(t, config)
	b := newBand(t, srv, s.clients)
	late := b.play(x, s)
	want := meant(b)
	b.end(want)
	b.audit(s)
	t.Logf("%d clients, %d edits were taken behind a bar that their authors had not seen, %d code points in the end", s.clients, late, len([]rune(want)))
	resp, err := http.Get(srv.http.URL + "/live/v1/docs/" + traceTopic)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	var told struct{ Value string }
	if err == nil {
		err = json.Unmarshal(body, &told)
	}
	if err != nil || told.Value != want {
		t.Errorf("over HTTP it is another text, %v", err)
	}
	b.leave()
	if err := srv.tu.Close(within(t)); err != nil {
		t.Fatal(err)
	}
	again := serve(t, config)
	value, _, err := again.tu.Document(within(t), traceTopic)
	var now string
	if err == nil {
		err = json.Unmarshal(value, &now)
	}
	if err != nil || now != want {
		t.Errorf("started again, the server has another text, %v", err)
	}
}

// band is the clients that play a history.
type band struct {
	t       *testing.T
	players []*player
	stop    func()

	mu    sync.Mutex // guards what follows
	moved *sync.Cond // on mu
	log   []tutti.Entry
	err   error
}

// player is a client that plays its part.
type player struct {
	band   *band
	client *client.Client
	text   *client.Text
	link   *pausable
	seen   uint64           // the band's mu guards it: the offset of the newest entry that came
	last   *client.Mutation // what was made last
}
