// Package conformance runs the scenarios of scenarios/*.json: a client library
// against the real server, with a proxy between them that spoils the network.
//
// The client is an agent: a small program around the library of one language,
// told by lines of JSON what to do, and telling by lines of JSON what happens
// (agents/README.md). The director, here, starts server, proxy and agent, walks
// through the steps of a scenario, and then compares all that the agent was
// told with the server's log.
package conformance
