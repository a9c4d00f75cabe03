package sim

import (
	"encoding/binary"
	"fmt"
	"log/slog"
	"time"

	"github.com/tuttisync/tutti/auth"
	"github.com/tuttisync/tutti/internal/hub"
	"github.com/tuttisync/tutti/internal/metrics"
	"github.com/tuttisync/tutti/internal/session"
	"github.com/tuttisync/tutti/protocol"
	"github.com/tuttisync/tutti/store/memory"
	"github.com/tuttisync/tutti/text/document"
)

// server is one run of the server's process.
type server struct {
	world *World
	run   int
	disk  *disk
	hub   *hub.Hub
	tasks []func()
	dead  bool
	links []*link
}

func (w *World) start(store *memory.Store, run int) {
	s := &server{world: w, run: run}
	s.disk = &disk{Store: store, world: w, server: s}
	limits := protocol.DefaultLimits()
	if w.writing {
		limits.DocumentBytes = w.most
	}
	policy, err := auth.NewPolicy(auth.PolicyConfig{AnyNamespace: true})
	if err != nil {
		panic(err)
	}
	names := 0
	s.hub, err = hub.New(hub.Config{
		Durable: s.disk, Memory: s.disk,
		Namespace: w.namespace,
		Policy:    policy,
		Identify:  func(token string, _ protocol.Secret) (auth.Identity, error) { return w.identify(token) },
		Session: session.Config{
			HelloTimeout: 5 * time.Second, Ping: 10 * time.Second, Grace: 5 * time.Second,
			AuthGrace: 10 * time.Second, Limits: limits,
		},
		Encoders: hub.Encoders{hub.Messages: func(dst []byte, topic string, stored []byte) []byte {
			return appendFrame(dst, protocol.AppendEntryMessage(nil, topic, stored))
		}},
		Framers: hub.Framers{hub.Messages: {
			Share: func(end []byte) []byte { return end },
			Head: func(dst, head []byte, size int) []byte {
				return append(binary.BigEndian.AppendUint32(dst, uint32(len(head)+size)), head...)
			},
		}},
		RingBytes: 4 << 10,
		TopicRing: 1 << 10,
		Metrics:   metrics.New(),
		Logger:    slog.New(slog.DiscardHandler),
		Now:       w.Now,
		Spawn:     func(task func()) { s.tasks = append(s.tasks, task) },
		After: func(d time.Duration, f func()) {
			w.after(d, func() {
				if !s.dead {
					s.tasks = append(s.tasks, f)
				}
			})
		},
		NewID: func() string { names++; return fmt.Sprintf("s%d-%d", run, names) },
	})
	if err != nil {
		panic(err)
	}
	w.ledger.follow(store)
	w.server = s
	w.tell("server: run %d", run)
	s.tick()
}

func (w *World) namespace(topic string) (hub.Namespace, error) {
	if topic == textTopic {
		return hub.Namespace{Type: choosy{document.Kind}, KeepCount: w.keep}, nil
	}
	return hub.Namespace{}, nil
}

// identify gives every token of the world an identity that lasts a while.
func (w *World) identify(token string) (auth.Identity, error) {
	id := auth.Identity{Sub: token, Grants: auth.FullRights()}
	if !w.healed {
		id.Expires = w.Now().Add(w.between(time.Second, 40*time.Second))
	}
	return id, nil
}

func (s *server) tick() {
	if !s.dead {
		s.hub.Tick()
		s.world.after(250*time.Millisecond, s.tick)
	}
}

func (s *server) busy() bool { return len(s.tasks) > 0 }

// work runs one of the waiting tasks, whichever the seed wants.
func (s *server) work() {
	i := s.world.rng.IntN(len(s.tasks))
	task := s.tasks[i]
	s.tasks = append(s.tasks[:i], s.tasks[i+1:]...)
	defer func() {
		if p := recover(); p != nil {
			if _, ok := p.(crash); !ok {
				panic(p)
			}
			s.world.restart()
		}
	}()
	task()
	if s.world.fault(0.0005) {
		s.world.tell("server: killed between tasks")
		s.world.restart()
	}
}

// restart kills the server and starts it again, sometimes on an older copy of
// its data.
func (w *World) restart() {
	old := w.server
	if old.dead {
		return
	}
	old.dead = true
	old.tasks = nil
	for _, l := range old.links {
		l.vanish()
	}
	old.disk.settle()
	data := old.disk.Store
	term := fmt.Sprintf("term%07d", old.run+1)
	if w.ledger.backup != nil && w.fault(0.2) {
		w.tell("server: restored from a backup")
		data = w.ledger.backup
		w.ledger.rolledBack()
		w.meaning.forget()
	} else if w.chance(0.2) {
		w.ledger.backup = data.Clone()
	}
	w.start(data.Restart(term), old.run+1)
}

// appendFrame frames a message by its length.
func appendFrame(dst, message []byte) []byte {
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(message)))
	return append(dst, message...)
}
