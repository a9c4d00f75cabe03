package hub

import (
	"errors"
	"fmt"
	"time"

	"github.com/tuttisync/tutti/internal/topic"
	"github.com/tuttisync/tutti/protocol"
	"github.com/tuttisync/tutti/store"
)

const (
	maxInbox      = 16 << 20 // bytes that wait for a topic's sequencer
	maxBatch      = 1 << 20  // bytes of one append
	maxBatchCount = 1024     // commands of one round
	commandBytes  = 256      // what a command costs beside its data
	maxConflicts  = 8        // times that a round is judged again in a row
)

// inbox holds what waits for a topic's sequencer.
type inbox struct {
	jobs    []job
	bytes   int
	working bool
}

// job is one thing for the sequencer to do.
type job struct {
	command *topic.Command
	version *topic.Version // to keep or to forget, if command is nil
	forget  []string       // rows to delete, if both are nil
	tell    func(topic.Verdict)
}

func (j *job) bytes() int {
	switch {
	case j.version != nil:
		return commandBytes + len(j.version.Whole)
	case j.command == nil:
		return commandBytes
	}
	n := commandBytes + len(j.command.Data)
	for _, d := range j.command.More {
		n += commandBytes + len(d.Data)
	}
	return n
}

// submit hands a command to the topic. tell is called once, from another
// goroutine or before submit returns, and must not block.
func (t *Topic) submit(j job) {
	t.mu.Lock()
	if t.inbox.bytes+j.bytes() > maxInbox {
		denied := protocol.Errorf(protocol.Overloaded, "Too much is waiting for this topic.").After(time.Second)
		if j.command == nil || j.command.Client == "" {
			t.mu.Unlock()
			j.tell(topic.Deny(denied))
			return
		}
		// A client's answers keep their order, and a repeat is answered as
		// such: the command stays, its data does not.
		j.command.Data = nil
		if j.command.Denied == nil {
			j.command.Denied = denied
		}
	}
	t.inbox.jobs = append(t.inbox.jobs, j)
	t.inbox.bytes += j.bytes()
	start := !t.inbox.working
	t.inbox.working = true
	t.used = t.hub.now()
	t.mu.Unlock()
	if start {
		t.hub.spawn(t.work)
	}
}

// work takes one round from the inbox: judge, append, tell.
func (t *Topic) work() {
	jobs := t.takeJobs()
	verdicts, err := t.round(jobs)
	if err != nil {
		t.sequencer = nil
		denied := t.hub.storeError(err)
		if missed, due := t.hub.appending.due(t.hub.now()); due {
			t.hub.config.Logger.Error("append failed", "topic", t.name, "error", err, "unlogged", missed)
		}
		for i := range verdicts {
			verdicts[i] = topic.Verdict{Kind: topic.Refused, Err: denied}
		}
	}
	for i, j := range jobs {
		if j.tell != nil {
			j.tell(verdicts[i])
		}
	}
	clear(jobs) // the inbox may hold their memory for long
	t.mu.Lock()
	more := len(t.inbox.jobs) > 0
	t.inbox.working = more
	t.mu.Unlock()
	if more {
		t.hub.spawn(t.work)
	}
}

func (t *Topic) takeJobs() []job {
	t.mu.Lock()
	defer t.mu.Unlock()
	bytes, n := 0, 0
	for n < len(t.inbox.jobs) && n < maxBatchCount && (n == 0 || bytes+t.inbox.jobs[n].bytes() <= maxBatch) {
		bytes += t.inbox.jobs[n].bytes()
		n++
	}
	jobs := t.inbox.jobs[:n:n]
	t.inbox.jobs = t.inbox.jobs[n:]
	if len(t.inbox.jobs) == 0 {
		t.inbox.jobs = nil
	}
	t.inbox.bytes -= bytes
	return jobs
}

// round judges the jobs and appends what comes of them. Another writer's
// append makes it read the log and judge again.
func (t *Topic) round(jobs []job) ([]topic.Verdict, error) {
	verdicts := make([]topic.Verdict, len(jobs))
	if t.document != nil {
		if !t.document.hold() {
			t.sequencer = nil
		}
		defer t.document.release()
	}
	var err error
	for range maxConflicts {
		if err = t.prepare(); errors.Is(err, store.ErrConflict) {
			continue
		} else if err != nil {
			return verdicts, err
		}
		if err = t.judge(jobs, verdicts); err != nil {
			return verdicts, err
		}
		batch, any := t.sequencer.Batch()
		if !any {
			return verdicts, nil
		}
		begin := t.hub.now()
		err = t.log.Append(t.hub.ctx, t.name, batch)
		if err == nil {
			t.sequencer.Commit()
			if t.document != nil {
				t.document.appended(batch.Entries)
			}
			t.hub.config.Metrics.Appended(t.hub.now().Sub(begin))
			return verdicts, nil
		}
		t.sequencer.Drop()
		if !errors.Is(err, store.ErrConflict) {
			return verdicts, fmt.Errorf("append: %w", err)
		}
		t.sequencer = nil
	}
	return verdicts, fmt.Errorf("append: %w", err)
}

func (t *Topic) judge(jobs []job, verdicts []topic.Verdict) error {
	now := t.hub.now()
	for i, j := range jobs {
		if j.version != nil {
			counted, err := t.row(topic.VersionCount)
			if err != nil {
				return err
			}
			before, err := t.row(j.version.AboutKey())
			if err != nil {
				return err
			}
			verdicts[i] = t.sequencer.Keep(j.version, counted, before)
			continue
		}
		if j.command == nil {
			for _, key := range j.forget {
				value, err := t.row(key)
				if err != nil {
					return err
				}
				if topic.Forgotten(key, value, now) {
					t.sequencer.Forget(key)
				}
			}
			continue
		}
		if _, err := t.row(j.command.RowKey()); err != nil {
			return err
		}
		verdicts[i] = t.sequencer.Judge(now, t.hub.claims.run(j.command.Client), j.command)
	}
	return nil
}

// row makes a row known to the sequencer, and returns it.
func (t *Topic) row(key string) ([]byte, error) {
	if value, known := t.sequencer.Row(key); known || key == "" {
		return value, nil
	}
	value, err := t.log.Row(t.hub.ctx, t.name, key)
	if err != nil {
		t.sequencer.Drop()
		return nil, fmt.Errorf("read row: %w", err)
	}
	t.sequencer.Learn(key, value)
	return value, nil
}

// prepare makes a sequencer at the durable head.
func (t *Topic) prepare() error {
	if t.sequencer != nil {
		return nil
	}
	ctx := t.hub.ctx
	head, err := t.log.Head(ctx, t.name)
	if err != nil {
		return fmt.Errorf("read head: %w", err)
	}
	state := topic.State{Head: head.Last}
	if state.Terms, err = t.log.Terms(ctx, t.name); err != nil {
		return fmt.Errorf("read terms: %w", err)
	}
	if head.Last > 0 && head.First <= head.Last {
		entries, err := t.log.Read(ctx, t.name, head.Last-1, 1, 1)
		if err != nil {
			return fmt.Errorf("read newest entry: %w", err)
		}
		if len(entries) == 1 {
			e, err := protocol.ParseEntry(entries[0].Data)
			if err != nil {
				return fmt.Errorf("parse newest entry: %w", err)
			}
			state.LastTime = e.Time
		}
	}
	if t.document != nil {
		draft, err := t.document.draft(ctx, head.Last)
		if err != nil {
			return err
		}
		state.Document = draft
	}
	t.sequencer = topic.NewSequencer(t.log.Term(), state)
	return nil
}
