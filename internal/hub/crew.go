package hub

// maxResting is how many goroutines of a crew wait for a task.
const maxResting = 64

// crew runs tasks, each at once on a goroutine of its own, some of which wait for
// another task when theirs has ended: a new one begins with a small stack, which
// deep calls copy to a larger one, again and again.
type crew struct {
	tasks   chan crewTask   // nothing stands in it
	resting chan struct{}   // holds one for each goroutine that waits, or is about to
	left    <-chan struct{} // closed when nobody is to wait any more
}

type crewTask struct{ task, ended func() }

func (c *crew) init(left <-chan struct{}) {
	c.tasks, c.resting, c.left = make(chan crewTask), make(chan struct{}, maxResting), left
}

// run runs a task, and calls ended when it has ended, also if it panics.
func (c *crew) run(task, ended func()) {
	select {
	case c.tasks <- crewTask{task, ended}:
	default:
		go c.work(crewTask{task, ended})
	}
}

func (c *crew) work(t crewTask) {
	for {
		t.do()
		select {
		case c.resting <- struct{}{}:
		default:
			return
		}
		select {
		case t = <-c.tasks:
			<-c.resting
		case <-c.left:
			return
		}
	}
}

func (t crewTask) do() {
	defer t.ended()
	t.task()
}
