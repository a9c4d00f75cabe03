// Package road carries a connection over HTTP: it stands between a core, which
// speaks as over a WebSocket, and the requests of the roads sse and poll
// (rules ROAD-1 to ROAD-4). Its [Machine] is pure: it says which requests to
// make, and the driver makes them.
//
// A connection over HTTP is one request that stands for the stream, and beside
// it at most one POST with commands. A stream cannot be spoken to: whatever is
// to change about it (its topics, its token) opens it anew, from the positions
// behind what was passed on.
package road
