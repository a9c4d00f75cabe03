package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v3"

	"github.com/tuttisync/tutti/chaos"
)

const maxRulesFile = 1 << 20

func chaosCommand() *cobra.Command {
	var cfg chaos.Config
	var control, file string
	c := &cobra.Command{
		Use:   "chaos",
		Short: "Run a proxy that spoils connections, to try an application against a bad network",
		Long: "Run a proxy in front of a server. It forwards everything, and delays, cuts, holds and loses what its rules say:\n" +
			"those of a file (YAML or JSON), and those that are put to its control over HTTP while it runs.\n" +
			"docs/guides/faults.md explains every fault.",
		Example: `  tutti chaos --target 127.0.0.1:8080 --rules tunnel.yaml
  curl -X POST 127.0.0.1:8082/rules -d '{"match": {"road": "ws"}, "fault": {"status": 403}}'
  curl -X POST 127.0.0.1:8082/cut?road=ws`,
		Args: cobra.NoArgs,
	}
	f := c.Flags()
	f.StringVar(&cfg.Listen, "listen", "127.0.0.1:8081", "host:port to listen on")
	f.StringVar(&cfg.Target, "target", "127.0.0.1:8080", "host:port to forward to")
	f.StringVar(&control, "control", "127.0.0.1:8082", "loopback host:port of the control")
	f.StringVar(&file, "rules", "", "file of the rules to begin with")
	f.Uint64Var(&cfg.Seed, "seed", 1, "of all chance; the same seed repeats a run")
	c.RunE = func(c *cobra.Command, _ []string) error {
		if host, _, err := net.SplitHostPort(control); err != nil || !loopback(host) {
			return fmt.Errorf("chaos: --control: who reaches it can break all connections, so it is a loopback address (127.0.0.1, [::1] or localhost) and a port, not %q", control)
		}
		if file != "" {
			rules, err := readRules(file)
			if err != nil {
				return err
			}
			cfg.Rules = rules
		}
		cfg.Logger = slog.New(slog.NewTextHandler(os.Stderr, nil))
		return runChaos(c.Context(), cfg, control)
	}
	return c
}

func loopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || (err == nil && ip.IsLoopback())
}

// runChaos runs a proxy and its control until ctx ends.
func runChaos(ctx context.Context, cfg chaos.Config, control string) error {
	listener, err := net.Listen("tcp", control)
	if err != nil {
		return fmt.Errorf("chaos: control: %w", err)
	}
	proxy, err := chaos.New(cfg)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	if host, _, err := net.SplitHostPort(proxy.Addr()); err == nil && !loopback(host) {
		cfg.Logger.Warn("CHAOS: everyone who reaches this address reaches the target", "address", proxy.Addr(), "target", cfg.Target)
	}
	cfg.Logger.Info("chaos is up", "url", "http://"+proxy.Addr()+"/", "target", cfg.Target,
		"control", "http://"+listener.Addr().String()+"/rules", "rules", len(cfg.Rules), "seed", cfg.Seed)
	server := &http.Server{Handler: proxy.Handler(), ReadHeaderTimeout: 10 * time.Second, ReadTimeout: time.Minute}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	select {
	case err = <-ended:
		err = fmt.Errorf("chaos: control: %w", err)
	case <-ctx.Done():
		cfg.Logger.Info("stopping")
	}
	return errors.Join(err, server.Close(), proxy.Close())
}

// readRules reads a file of rules. YAML is turned to JSON, which is YAML too.
func readRules(file string) ([]chaos.Rule, error) {
	text, err := readFile(file)
	if err != nil {
		return nil, fmt.Errorf("read rules: %w", err)
	}
	var document any
	if err := yaml.Unmarshal(text, &document); err != nil {
		return nil, fmt.Errorf("%s: %s", file, strings.TrimPrefix(err.Error(), "yaml: "))
	}
	text, err = json.Marshal(document)
	if err != nil {
		return nil, fmt.Errorf("%s: a key or a value is none of JSON's: %w", file, err)
	}
	rules, err := chaos.ParseRules(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return rules, nil
}

func readFile(name string) (text []byte, err error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	text, err = io.ReadAll(io.LimitReader(f, maxRulesFile+1))
	if err == nil && len(text) > maxRulesFile {
		err = fmt.Errorf("%s is larger than %d bytes", name, maxRulesFile)
	}
	return text, err
}
