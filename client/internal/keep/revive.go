package keep

import (
	"errors"
	"fmt"
	"time"

	"github.com/tuttisync/tutti/client/core"
	"github.com/tuttisync/tutti/protocol"
)

// longest is how long an entry waits before it is given up (rule OUT-8).
const longest = 30 * 24 * time.Hour

var errDamaged = errors.New("it is damaged; what was not settled is sent as by a new client, and may be in the log twice")

// revive reads what the client has left.
func (k *Keeper) revive() (life *Life, err error) {
	k.step(0, func() {
		life = &Life{}
		if life.Restore, err = readIdentity(k.store); err != nil {
			return
		}
		if err = errors.Join(k.readEntries(), k.readCopies()); err != nil {
			clear(k.changes) // it is passed over, and left alone
			return
		}
		k.identify(&life.Restore)
		k.goOn(life)
	})
	return life, err
}

// readIdentity reads who a client is, and what it knows of its topics. If that is
// errRow nobody knows which seqs it has given, and it is passed over (rule OUT-13).
func readIdentity(store Store) (restore core.Restore, err error) {
	clients, err := store.Read(clientKey)
	topics, failed := store.Read(topicKeys)
	if err := errors.Join(err, failed); err != nil {
		return restore, err
	}
	restore.Topics = make(map[string]core.KeptTopic)
	for _, r := range topics {
		if restore.Topics[r.Key[len(topicKeys):]], _, err = readRow(r.Value, fitsTopic); err != nil {
			return restore, fmt.Errorf("read the seqs of a client, which is passed over: %w", err)
		}
	}
	for _, r := range clients {
		client, _, err := readRow(r.Value, fitsClient)
		if err != nil {
			return restore, fmt.Errorf("read a client, which is passed over: %w", err)
		}
		restore.Client = &client
	}
	return restore, nil
}

// identify goes on as the client that was read: as a new one if writes of it were
// lost, of seqs perhaps, which must not be given again (rule DIR-3).
func (k *Keeper) identify(restore *core.Restore) {
	if k.store.Damaged() {
		k.report(fmt.Errorf("read what is kept: %w", errDamaged))
		k.changes[clientKey] = nil
		for topic := range restore.Topics {
			k.changes[topicKeys+topic] = nil
		}
		restore.Client, restore.Topics = nil, nil
	}
	if restore.Client != nil {
		// Above all runs that were said, also those that were not stored.
		restore.Client.Run = max(restore.Client.Run, uint64(max(0, k.now())))
	}
}

// readEntries reads what is not settled, and the dead letters.
func (k *Keeper) readEntries() error {
	letters, err := k.store.Read(deadKeys)
	entries, failed := k.store.Read(entryKeys)
	if err := errors.Join(err, failed); err != nil {
		return err
	}
	for _, r := range letters {
		k.takeLetter(r)
	}
	for _, r := range entries {
		e := &kept{row: numberOf(r.Key), former: true}
		k.last = max(k.last, e.row)
		var err error
		if e.entry, e.data, err = readRow(r.Value, (*entryRow).fits); err != nil || e.row == 0 || !e.data.IsValid() {
			k.report(fmt.Errorf("read an entry: %w", errRow))
			continue
		}
		k.take(e)
	}
	return nil
}

// take takes an entry over, unless it is too old, or of another version and cannot
// be carried over: then it is a dead letter.
func (k *Keeper) take(e *kept) {
	key := k.options.Reserve()
	k.entries[key] = e
	switch {
	case k.now()-e.entry.Made > longest.Milliseconds():
		k.bury(key, protocol.Errorf(protocol.Timeout, ""))
	case e.entry.Seq == 0 && e.entry.Version != k.options.Version:
		old := OldEntry{e.entry.Topic, e.entry.Name, e.data, e.entry.Version}
		now, ok := k.options.Migrate(old)
		if !ok {
			k.bury(key, protocol.Errorf(protocol.BadOperation, "It was made for another version of the application."))
			return
		}
		e.entry.Topic, e.entry.Name, e.entry.Version, e.data = now.Topic, now.Name, k.options.Version, now.Data
		k.write(e)
	}
}

// goOn tells what there is to go on with.
func (k *Keeper) goOn(life *Life) {
	documents := make(map[string]int)
	for _, key := range k.keys() {
		e := k.entries[key]
		if t, known := life.Restore.Topics[e.entry.Topic]; known && e.entry.Place != nil {
			t.Taken = max(t.Taken, e.entry.Place.Offset)
			life.Restore.Topics[e.entry.Topic] = t
		}
		if life.Restore.Client == nil {
			if e.entry.Place != nil { // it is in the log, and nobody would know it there
				k.remove(key)
				continue
			}
			e.entry.Seq = 0
		}
		if e.entry.Place == nil {
			life.Restore.Entries = append(life.Restore.Entries, core.KeptEntry{
				Key: key, Topic: e.entry.Topic, Seq: e.entry.Seq, Name: e.entry.Name, EntryKey: e.entry.EntryKey,
				Base: e.entry.Base, Positional: e.entry.Positional, Data: e.data,
			})
		}
		if e.entry.Doc == "" || e.entry.Base == nil {
			continue
		}
		i, ok := documents[e.entry.Topic]
		if !ok {
			i = len(life.Documents)
			documents[e.entry.Topic] = i
			life.Documents = append(life.Documents, Left{
				Topic: e.entry.Topic, Doc: e.entry.Doc, Copy: k.load(e.entry.Topic, e.entry.Doc, k.index[e.entry.Topic].Offline),
			})
		}
		life.Documents[i].Operations = append(life.Documents[i].Operations, Operation{
			Key: key, Base: *e.entry.Base, Data: e.data, Seq: e.entry.Seq, Place: e.entry.Place,
		})
	}
}
