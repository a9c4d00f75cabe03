package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"runtime/debug"
	"sync"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/tuttisync/tutti"
	"github.com/tuttisync/tutti/internal/config"
	"github.com/tuttisync/tutti/internal/intake"
	"github.com/tuttisync/tutti/internal/playground"
	"github.com/tuttisync/tutti/web"
)

const (
	// closeTime is how long what hangs may take, beside the drain time, when
	// the server stops.
	closeTime = 5 * time.Second
	// garbage is how much the heap grows by, in percent of what is in use, before
	// what is not is collected, unless GOGC says it: half as much as Go has it.
	// The server makes little garbage, and may hold many documents.
	garbage = 50
	// writeTime is how long an HTTP/2 connection may take no byte.
	writeTime = 30 * time.Second
)

func serve() *cobra.Command {
	var file string
	var faults bool
	var flags config.Config
	c := &cobra.Command{
		Use:   "serve",
		Short: "Run the server",
		Long: "Run the server. What it does is told by a YAML file, by TUTTI_… variables, which go before it, and by flags,\n" +
			"which go before both. docs/tutti.example.yaml explains every key.",
		Args: cobra.NoArgs,
	}
	f := c.Flags()
	f.StringVar(&file, "config", "", "YAML file")
	f.StringVar(&flags.Addr, "addr", "", "host:port to listen on (default 127.0.0.1:8080)")
	f.StringVar(&flags.Data, "data", "", "directory of the store (default data)")
	f.StringVar(&flags.BasePath, "base-path", "", "path that all others stand under")
	f.StringVar(&flags.TLS.Cert, "tls-cert", "", "file of the certificate chain; with --tls-key, listen with TLS")
	f.StringVar(&flags.TLS.Key, "tls-key", "", "file of the certificate's key")
	f.BoolVar(&flags.Memory, "memory", false, "keep nothing on disk")
	f.BoolVar(&flags.Dev, "dev", false, "let everyone in with all rights; on loopback only")
	f.BoolVar(&faults, "faults", false, "with --dev: let faults be put into connections, by /v1/faults")
	f.DurationVar(&flags.Drain, "drain", 0, "time over which connections are told to go when the server stops (default 10s)")
	c.RunE = func(c *cobra.Command, _ []string) error {
		cfg, err := config.Load(file, os.Environ(), func(cfg *config.Config) {
			if f.Changed("addr") {
				cfg.Addr = flags.Addr
			}
			if f.Changed("data") {
				cfg.Data = flags.Data
			}
			if f.Changed("base-path") {
				cfg.BasePath = flags.BasePath
			}
			if f.Changed("tls-cert") {
				cfg.TLS.Cert = flags.TLS.Cert
			}
			if f.Changed("tls-key") {
				cfg.TLS.Key = flags.TLS.Key
			}
			if f.Changed("memory") {
				cfg.Memory = flags.Memory
			}
			if f.Changed("drain") {
				cfg.Drain = flags.Drain
			}
			if f.Changed("dev") {
				cfg.Dev = flags.Dev
			}
		})
		if err != nil {
			return err
		}
		if faults && !cfg.Dev {
			return errors.New("serve: --faults spoils connections on purpose, so it goes with --dev alone")
		}
		if faults && cfg.TLS.On() {
			return errors.New("serve: --faults reads the requests that it spoils, so it does not go with TLS")
		}
		if os.Getenv("GOGC") == "" {
			debug.SetGCPercent(garbage)
		}
		return run(c.Context(), cfg, faults, cfg.Log.Logger(os.Stderr))
	}
	return c
}

// run serves until ctx ends, then drains. While it does the listener stays
// open, so that /readyz can say so. A second signal ends it at once.
func run(ctx context.Context, cfg *config.Config, faults bool, logger *slog.Logger) (err error) {
	tuttiConfig, err := embed(cfg, logger)
	if err != nil {
		return err
	}
	secured, err := secure(cfg, logger)
	if err != nil {
		return err
	}
	var disk *disk
	if faults {
		if disk, err = spoil(&tuttiConfig); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, disk.close()) }()
	}
	srv, err := tutti.New(tuttiConfig)
	if err != nil {
		return err
	}
	door, err := open(cfg, disk, logger)
	if err != nil {
		return errors.Join(fmt.Errorf("listen: %w", err), srv.Close(ctx))
	}
	server := &http.Server{
		Handler:           door.handler(cfg.BasePath, guardPages(srv)),
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(logger.Handler(), slog.LevelDebug),
		TLSConfig:         secured,
		HTTP2:             &http.HTTP2Config{SendPingTimeout: cfg.Limits.Ping, PingTimeout: cfg.Limits.Grace, WriteByteTimeout: writeTime},
	}
	listener := intake.Listen(door.listener, server)
	greet(cfg, door, logger)
	ended := make(chan error, 1)
	go func() { ended <- listen(server, listener) }()
	running, stopped := context.WithCancel(ctx)
	var tasks sync.WaitGroup
	defer tasks.Wait()
	defer stopped()
	tasks.Go(func() { freeAtRest(running, collections, debug.FreeOSMemory) })
	if cfg.Dev {
		live, stop := context.WithCancel(ctx)
		done := make(chan struct{})
		defer func() { stop(); <-done }()
		go func() {
			defer close(done)
			playground.Run(live, func(ctx context.Context, topic, name string, data any) error {
				_, err := srv.Publish(ctx, topic, tutti.Message{Name: name, Data: data})
				return err
			})
		}()
	}
	select {
	case err = <-ended:
		err = fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
		logger.Info("stopping")
	}
	again, stop := signal.NotifyContext(context.WithoutCancel(ctx), os.Interrupt, syscall.SIGTERM)
	defer stop()
	deadline, cancel := context.WithTimeout(again, 4*cfg.Drain/3+closeTime)
	defer cancel()
	server.SetKeepAlivesEnabled(false) // who comes again comes elsewhere
	return errors.Join(err, srv.Close(deadline), server.Shutdown(deadline), door.close())
}

func mount(base string, h http.Handler) http.Handler {
	if base == "" {
		return h
	}
	mux := http.NewServeMux()
	mux.Handle(base+"/", http.StripPrefix(base, h))
	return mux
}

func greet(cfg *config.Config, door *door, logger *slog.Logger) {
	scheme := "http"
	if cfg.TLS.On() {
		scheme = "https"
	}
	url := scheme + "://" + door.addr + cfg.BasePath + "/"
	if cfg.Dev {
		logger.Warn("DEV MODE: everyone who reaches this address has all rights")
	}
	if door.proxy != nil {
		logger.Warn("FAULTS: connections can be spoiled on purpose", "control", url+"v1/faults/")
	}
	logger.Info("tutti is up", "url", url, "version", version, "store", storeName(cfg))
}

func storeName(cfg *config.Config) string {
	if cfg.Memory {
		return "memory"
	}
	return cfg.Data
}

// embed turns the configuration of the binary into that of the library.
func embed(cfg *config.Config, logger *slog.Logger) (tutti.Config, error) {
	tokens, err := cfg.Auth.Config()
	if err != nil {
		return tutti.Config{}, err
	}
	t := tutti.Config{
		AnyNamespace: cfg.AnyNamespace || cfg.Dev,
		Namespaces:   make(map[string]tutti.Namespace, len(cfg.Namespaces)),
		Keys:         tokens.Keys, Issuer: tokens.Issuer, Audience: tokens.Audience, Leeway: tokens.Leeway,
		Dev:            cfg.Dev,
		Origins:        cfg.Origins,
		HookTimeout:    cfg.Limits.HookTimeout,
		Limits:         cfg.Limits.Protocol(),
		HelloTimeout:   cfg.Limits.HelloTimeout,
		Ping:           cfg.Limits.Ping,
		Grace:          cfg.Limits.Grace,
		MaxConnections: cfg.Limits.MaxConnections,
		Compression:    cfg.Compression,
		Drain:          cfg.Drain,
		Bounds:         bounds(cfg.Limits),
		TrustedProxies: cfg.TrustedProxies,
		Logger:         logger,
	}
	if cfg.Drain == 0 {
		t.Drain = -1
	}
	if cfg.Dev {
		t.Keys = nil
	}
	if !cfg.Memory {
		t.Dir = cfg.Data
	}
	for name, ns := range cfg.Namespaces {
		typ := ns.Type
		if typ == config.Messages {
			typ = ""
		}
		t.Namespaces[name] = tutti.Namespace{
			Type:      typ,
			Memory:    ns.Durability == config.Memory,
			KeepCount: ns.Retention.Count,
			KeepAge:   ns.Retention.Age,
			Latest:    ns.Delivery == config.Latest,
			Anonymous: ns.Anonymous,
			Presence:  presenceOf(ns.Presence),
		}
	}
	t.Site = web.Files()
	return t, nil
}

func presenceOf(p config.Presence) tutti.Presence {
	mode := tutti.PresenceMode(p.Mode)
	if p.Mode == config.ListMembers {
		mode = tutti.PresenceList
	}
	return tutti.Presence{Mode: mode, List: p.List, Grace: p.Grace, Lease: p.Lease, Tick: p.Tick}
}
