// Package core is the connection, the subscriptions and the outbox of a client
// as a pure step function: inputs and the time go in, effects come out. It
// holds no clock, socket, timer or goroutine; random numbers and secrets are
// injected. Package client drives one against a real server; a simulation can
// drive many.
//
//	c := core.New(core.Options{Random: rand.Float64, Secret: newSecret})
//	for _, effect := range c.Step(now, core.Connect{}) {
//		// core.Open: open a transport, then Step(now, core.Opened{}), …
//	}
//
// Time is in milliseconds since a start that the driver chooses. The driver
// carries out the effects of a step in order before it makes the next step,
// and gives a [Tick] at the time of the latest [Wait] at the latest.
//
// It also chooses the road: it steps down where the better one does not lead to
// the server, and asks by [Try] whether that has changed. What came in answer
// to a POST is an [Aside]: no sign that the stream lives.
//
// What the core promises, whatever the network does: each publish is settled
// exactly once; its entry is in the log at most once, and in the order of
// publishing within its topic; each handler is given the entries above its
// start in order, each once. The rules stand in spec/client.md, the scenarios
// that hold every language's core to them in conformance/client.
//
// With [Options].Keeps a client outlives its process: [Keep] tells what the driver
// stores, nothing is sent before [Kept] says that it is, and [Restore] lets the
// next process go on. What was stored is in the log exactly once, whenever a
// process dies.
//
// A Core is not safe for concurrent use. It keeps the slices that inputs
// carry, and gives effects to the driver for good.
package core
