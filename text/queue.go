package text

// side says in whose past an event is.
type side uint8

const (
	left  side = 1
	right side = 2
	both  side = left | right
)

// queue is a heap of events, the highest first.
type queue struct {
	events []queued
	shared int // that are of both sides
}

type queued struct {
	v    lv
	side side
}

// empty returns the queue without what is left in it.
func (q *queue) empty() *queue {
	q.events, q.shared = q.events[:0], 0
	return q
}

func (q *queue) push(v lv, s side) {
	if s == both {
		q.shared++
	}
	q.events = append(q.events, queued{v, s})
	for i := len(q.events) - 1; i > 0; {
		above := (i - 1) / 2
		if q.events[above].v >= q.events[i].v {
			break
		}
		q.events[above], q.events[i] = q.events[i], q.events[above]
		i = above
	}
}

func (q *queue) pop() queued {
	top := q.events[0]
	if top.side == both {
		q.shared--
	}
	last := len(q.events) - 1
	q.events[0] = q.events[last]
	q.events = q.events[:last]
	for i := 0; ; {
		child := 2*i + 1
		if child >= last {
			break
		}
		if child+1 < last && q.events[child+1].v > q.events[child].v {
			child++
		}
		if q.events[i].v >= q.events[child].v {
			break
		}
		q.events[i], q.events[child] = q.events[child], q.events[i]
		i = child
	}
	return top
}
