package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"github.com/tuttisync/tutti/bench/internal/process"
	"github.com/tuttisync/tutti/internal/load"
	"github.com/tuttisync/tutti/protocol"
)

const (
	probed       = namespace + ":probed"
	probeReaders = 10
	probeRate    = 100 // messages a second
	probeBytes   = 100
)

// probe is a process that measures how long messages take to come to readers of
// another topic of tutti. It answers
//
//	measure DURATION  publishes and reads for so long; is answered by a delivery
func probe(ctx context.Context, addr string, requests io.Reader, answers io.Writer) error {
	p := &prober{target: load.Target{URL: "http://" + addr}}
	if err := p.gather(ctx); err != nil {
		return err
	}
	defer p.leave()
	return process.Answer(requests, answers, "ready", func(what, of string) ([]byte, error) {
		lasts, err := time.ParseDuration(of)
		if what != "measure" || err != nil {
			return nil, fmt.Errorf("unknown request %q %q", what, of)
		}
		d, err := p.measure(ctx, lasts)
		if err != nil {
			return nil, err
		}
		return json.Marshal(d)
	})
}

// prober is one who publishes, and those who read.
type prober struct {
	target  load.Target
	writer  *load.Socket
	readers []*load.Socket
	reading sync.WaitGroup

	mu    sync.Mutex // guards the fields below
	times []time.Duration
	err   error
}

func (p *prober) gather(ctx context.Context) error {
	for i := range 1 + probeReaders {
		client, err := load.NewClient()
		if err != nil {
			return err
		}
		if i == 0 {
			if p.writer, err = p.target.Dial(ctx, client); err != nil {
				return err
			}
			continue
		}
		s, err := p.target.Dial(ctx, client, protocol.Subscribe{Topic: probed})
		if err != nil {
			return err
		}
		p.readers = append(p.readers, s)
		p.reading.Go(func() { p.read(s) })
	}
	return nil
}

func (p *prober) read(s *load.Socket) {
	for {
		frame, err := s.Next()
		now := time.Now()
		p.mu.Lock()
		if err == nil {
			err = load.EachDue(frame, func(sent time.Time) { p.times = append(p.times, now.Sub(sent)) })
		}
		p.err = err
		p.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// measure publishes at even intervals, the next message only when the last is
// acknowledged, and returns when all have come.
func (p *prober) measure(ctx context.Context, lasts time.Duration) (delivery, error) {
	p.mu.Lock()
	p.times = nil
	p.mu.Unlock()
	begin := time.Now()
	messages := int(lasts.Seconds() * probeRate)
	for i := range messages {
		if err := pause(ctx, time.Until(begin.Add(time.Duration(i)*time.Second/probeRate))); err != nil {
			return delivery{}, err
		}
		if _, err := p.writer.Publish(probed, load.Message(time.Now(), probeBytes)); err != nil {
			return delivery{}, err
		}
	}
	for deadline := time.Now().Add(patience); ; {
		p.mu.Lock()
		times, err := slices.Clone(p.times), p.err
		p.mu.Unlock()
		switch {
		case err != nil:
			return delivery{}, err
		case len(times) == messages*probeReaders:
			slices.Sort(times)
			return delivery{Median: micros(quantile(times, 0.5)) / 1000, Most: micros(quantile(times, 0.99)) / 1000}, nil
		case time.Now().After(deadline):
			return delivery{}, errors.New("messages are missing")
		}
		if err := pause(ctx, 10*time.Millisecond); err != nil {
			return delivery{}, err
		}
	}
}

func (p *prober) leave() {
	p.writer.Close()
	for _, s := range p.readers {
		s.Close()
	}
	p.reading.Wait()
}
