// Command presence measures what presence costs, beside the server of y-websocket
// and the centrifuge library, in one run on one machine, and prints Markdown.
//
//	go run . --runs 1 --only cursors
//
// Each server runs in a process of its own: tutti and centrifuge are this program,
// started again with -server, y-websocket is a program for Node. The bench is the
// load: raw WebSocket connections over loopback, read the same way for every
// server by code that knows of each protocol only what it says.
package main
