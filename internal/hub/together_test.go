package hub

import (
	"fmt"
	"testing"
)

// An author who reads the topic too hears of its entry and of the verdict in one
// write.
func TestWork_tells_the_verdict_with_the_entry(t *testing.T) {
	n := newNode(t)
	l := n.connect(newSecret(t), 1)
	l.say(`{"type":"subscribe","id":1,"topic":"a"}`)
	l.expect("subscribed")
	heard, writes := len(l.said), l.writes() // nothing is under way
	for i := 1; i <= 50; i++ {
		l.say(fmt.Sprintf(`{"type":"publish","topic":"a","seq":%d,"data":%d}`, i, i))
		l.await(t, "entry and verdict", func() bool { return len(l.said) == heard+2*i })
		if got := l.writes() - writes; got != i {
			t.Fatalf("%d publishes were answered in %d writes", i, got)
		}
		for range 2 {
			if m := l.next(); m.Type != "ack" && m.Type != "entry" || m.Offset != uint64(i) {
				t.Fatalf("publish %d was answered with %s", i, m.line)
			}
		}
	}
}

// Tasks run at once, however many wait, and those that rest take the next.
func TestCrew_runs_all_at_once(t *testing.T) {
	left, ended := make(chan struct{}), make(chan struct{}, 3*maxResting)
	var c crew
	c.init(left, func() { ended <- struct{}{} })
	for range 3 {
		start := make(chan struct{})
		for range maxResting {
			c.run(func() { <-start })
		}
		close(start)
		for range maxResting {
			<-ended
		}
	}
	close(left) // and nobody is left behind: see TestMain
}
