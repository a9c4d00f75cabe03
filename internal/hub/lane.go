package hub

// lane is the order in which one client's publishes pass the application's
// hooks. It has a task while something is in it. The connection's Wait bounds
// how much that is.
type lane struct {
	steps []func()
}

// enter puts a step into the client's lane.
func (h *Hub) enter(c *Conn, client string, step func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if l := c.lanes[client]; l != nil {
		l.steps = append(l.steps, step)
		return
	}
	if c.lanes == nil {
		c.lanes = make(map[string]*lane)
	}
	l := &lane{steps: []func(){step}}
	c.lanes[client] = l
	h.spawn(func() { c.walk(client, l) })
}

func (c *Conn) walk(client string, l *lane) {
	for {
		c.mu.Lock()
		if len(l.steps) == 0 {
			delete(c.lanes, client)
			c.mu.Unlock()
			return
		}
		step := l.steps[0]
		l.steps[0] = nil
		l.steps = l.steps[1:]
		c.mu.Unlock()
		step()
	}
}
