package hub

// maxResting is how many goroutines of a crew wait for a task.
const maxResting = 64

// crew runs tasks, each at once on a goroutine of its own, some of which wait for
// another task when theirs has ended: a new one begins with a small stack, which
// deep calls copy to a larger one, again and again.
type crew struct {
	tasks   chan func()     // nothing stands in it
	resting chan struct{}   // holds one for each goroutine that waits, or is about to
	left    <-chan struct{} // closed when nobody is to wait any more
	ended   func()          // is called when a task has ended, also if it panics
}

func (c *crew) init(left <-chan struct{}, ended func()) {
	c.tasks, c.resting = make(chan func()), make(chan struct{}, maxResting)
	c.left, c.ended = left, ended
}

func (c *crew) run(task func()) {
	select {
	case c.tasks <- task:
	default:
		go c.work(task)
	}
}

func (c *crew) work(task func()) {
	for {
		c.do(task)
		select {
		case c.resting <- struct{}{}:
		default:
			return
		}
		select {
		case task = <-c.tasks:
			<-c.resting
		case <-c.left:
			return
		}
	}
}

func (c *crew) do(task func()) {
	defer c.ended()
	task()
}
