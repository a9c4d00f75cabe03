package hub

import "testing"

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
