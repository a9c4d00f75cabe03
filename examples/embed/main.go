// Command embed is a web application with tutti inside: the users of a shop see
// prices move on a route of the shop's own, and chat under /realtime.
//
//	go run ./examples/embed -addr 127.0.0.1:8080
//	curl -N --cookie user=ann http://127.0.0.1:8080/api/live/stock-prices
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"time"

	"github.com/tuttisync/tutti"
)

const pricesTopic = "stocks:prices"

func main() {
	addr := flag.String("addr", "127.0.0.1:8080", "host:port to listen on")
	dir := flag.String("data", "", "directory of the store (default: in memory)")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *addr, *dir); err != nil {
		log.Fatal(err)
	}
}

// run serves until ctx ends.
func run(ctx context.Context, addr, dir string) error {
	srv, err := tutti.New(tutti.Config{Dir: dir, Authenticate: authenticate, OnPublish: moderate})
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return errors.Join(err, srv.Close(ctx))
	}
	server := &http.Server{Handler: routes(srv), ReadHeaderTimeout: 10 * time.Second}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	fmt.Printf("listening on http://%s\n", listener.Addr())
	select {
	case err = <-ended:
	case <-ctx.Done():
	}
	deadline, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	return errors.Join(err, srv.Close(deadline), server.Shutdown(deadline))
}

func routes(srv *tutti.Server) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/realtime/", http.StripPrefix("/realtime", srv))
	mux.Handle("GET /api/live/stock-prices", requireUser(srv.Stream(pricesTopic)))
	mux.Handle("POST /api/stock-prices", requireUser(setPrice(srv)))
	mux.Handle("GET /api/stock-prices", requireUser(latestPrice(srv)))
	return mux
}
