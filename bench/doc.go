// Command bench measures what tutti costs, beside the server of the centrifuge
// library, in one run on one machine, and prints Markdown.
//
//	go run . -parts idle,closed -idle 9000 -repeat 5
//
// Each server runs in a process of its own (the bench, started again with
// -server), so that its memory and processor time are its alone. The bench
// tells it what to do through its standard input, and is itself the load: raw
// WebSocket connections over loopback, read the same way for every server by
// code that knows of each protocol only what it says first and how it
// publishes. The servers take turns, each starting anew for each figure; a
// table shows the median over the repetitions and their range, and puts a question
// mark behind a ratio if the ranges overlap.
package main
