// Package chaos is a proxy that spoils connections on purpose, so that a
// program can be tried against the networks that its users have.
//
// A [Proxy] listens, and forwards each connection to one target byte for byte.
// It reads just enough of HTTP/1.1 to know where one request ends and the next
// begins, and so to match each request on a connection with its [Rule]s. What
// is not HTTP/1.1 (TLS, HTTP/2) is forwarded as bytes and counts as one request
// of the road [Other].
//
//	p, err := chaos.New(chaos.Config{Target: "127.0.0.1:8080", Seed: 1})
//	defer p.Close()
//	client := connect("http://" + p.Addr())
//	p.SetRules([]chaos.Rule{{Match: chaos.Match{Road: chaos.WS}, Fault: chaos.Fault{Pause: true}}})
//	p.Cut(chaos.SSE)
//
// Rules may be set, added and removed at any time, from any goroutine. They are
// judged once for each request: when it comes, and, for requests whose answer
// still streams, when the rule comes. A pause, delay, dribble or buffer begins
// and ends at once on connections that are open. Taking a rule away mends no
// connection that it has closed, or half closed.
//
// Chance is drawn from Config.Seed, for each rule and each connection apart, so
// that a run repeats as far as the order of its requests does.
//
// The proxy holds at most about 1 MiB for each direction of a connection, and
// what a buffer fault holds back ([Config].BufferBytes). Beyond that it stops
// reading, as a full network does.
package chaos
