package main

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// row is one server's figures of one part.
type row []string

// idle measures what connections cost: to make, and to have.
func idle(c *child, n int) (row, error) {
	before, err := c.settled()
	if err != nil {
		return nil, err
	}
	begin := time.Now()
	all, err := crowd(c, n)
	if err != nil {
		return nil, err
	}
	defer leave(all)
	took := time.Since(begin)
	after, err := c.settled()
	if err != nil {
		return nil, err
	}
	return row{
		fmt.Sprintf("%.1f", float64(after.RSS-before.RSS)/float64(n)/1024),
		fmt.Sprintf("%.2f", float64(after.Goroutines-before.Goroutines)/float64(n)),
		micros(after.CPU-before.CPU, n),
		micros(took, n),
	}, nil
}

// closed publishes the next message when all subscribers have the last.
func closed(c *child, subscribers, messages int) (row, error) {
	all, err := crowd(c, subscribers)
	if err != nil {
		return nil, err
	}
	var left sync.WaitGroup
	for _, s := range all {
		go s.deliveries(func(int64) { left.Done() })
	}
	defer leave(all)
	send := func(n int) error {
		for range n {
			left.Add(subscribers)
			if err := c.publish(message(time.Now())); err != nil {
				return err
			}
			left.Wait()
		}
		return nil
	}
	if err := send(messages / 10); err != nil {
		return nil, err
	}
	before, err := c.stats()
	if err != nil {
		return nil, err
	}
	begin := time.Now()
	if err := send(messages); err != nil {
		return nil, err
	}
	took := time.Since(begin)
	after, err := c.stats()
	if err != nil {
		return nil, err
	}
	n := subscribers * messages
	return row{micros(after.CPU-before.CPU, n), fmt.Sprintf("%.0f", float64(n)/took.Seconds())}, nil
}

// open publishes at a fixed rate, whatever comes of it.
func open(c *child, subscribers, rate int, lasts time.Duration) (row, error) {
	all, err := crowd(c, subscribers)
	if err != nil {
		return nil, err
	}
	defer leave(all)
	var count atomic.Int64
	var mu sync.Mutex
	var latencies []time.Duration
	for i, s := range all {
		go s.deliveries(func(published int64) {
			count.Add(1)
			if i%20 == 0 {
				late := time.Duration(time.Now().UnixNano() - published)
				mu.Lock()
				latencies = append(latencies, late)
				mu.Unlock()
			}
		})
	}
	before, err := c.stats()
	if err != nil {
		return nil, err
	}
	messages := int(lasts.Seconds() * float64(rate))
	tick := time.NewTicker(time.Second / time.Duration(rate))
	defer tick.Stop()
	for range messages {
		<-tick.C
		if err := c.publish(message(time.Now())); err != nil {
			return nil, err
		}
	}
	want := int64(messages * subscribers)
	for deadline := time.Now().Add(30 * time.Second); count.Load() < want; {
		if time.Now().After(deadline) {
			return nil, fmt.Errorf("%d of %d deliveries came", count.Load(), want)
		}
		time.Sleep(10 * time.Millisecond)
	}
	after, err := c.stats()
	if err != nil {
		return nil, err
	}
	mu.Lock()
	defer mu.Unlock()
	slices.Sort(latencies)
	at := func(q float64) string {
		return fmt.Sprintf("%.1f", latencies[int(q*float64(len(latencies)-1))].Seconds()*1000)
	}
	return row{micros(after.CPU-before.CPU, int(want)), at(0.5), at(0.99)}, nil
}

// publishing lets clients publish, each the next when the last was
// acknowledged.
func publishing(c *child, publishers int, lasts time.Duration) (row, error) {
	all, err := crowd(c, publishers)
	if err != nil {
		return nil, err
	}
	defer leave(all)
	before, err := c.stats()
	if err != nil {
		return nil, err
	}
	var acked atomic.Int64
	errs := make(chan error, publishers)
	begin := time.Now()
	for _, s := range all {
		go func() {
			for id := 1; time.Since(begin) < lasts; id++ {
				err := s.say(s.speech.publish(id))
				if err == nil {
					err = s.await(s.speech.acked)
				}
				if err != nil {
					errs <- err
					return
				}
				acked.Add(1)
			}
			errs <- nil
		}()
	}
	for range publishers {
		if err := <-errs; err != nil {
			return nil, err
		}
	}
	took := time.Since(begin)
	after, err := c.stats()
	if err != nil {
		return nil, err
	}
	n := int(acked.Load())
	return row{fmt.Sprintf("%.0f", float64(n)/took.Seconds()), micros(after.CPU-before.CPU, n)}, nil
}

func micros(d time.Duration, n int) string {
	return fmt.Sprintf("%.2f", float64(d.Nanoseconds())/1000/float64(n))
}
