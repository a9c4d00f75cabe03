package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var own options // the test binary starts itself as a server, as the bench does

func TestMain(m *testing.M) {
	own.register(flag.CommandLine)
	flag.Parse()
	if own.server == "" {
		os.Exit(m.Run())
	}
	if err := run(context.Background(), own); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// small are options that are quick; every delivery still has to arrive.
func small() options {
	return options{
		parts: strings.Join(partNames, ","), repeat: 2,
		idle: 10, topics: 3, closed: 10, messages: 10, open: 10, rate: 100, lasts: 200 * time.Millisecond,
		rest: 10 * time.Millisecond, publishing: 20 * time.Millisecond,
	}
}

func TestMeasure(t *testing.T) {
	if testing.Short() {
		t.Skip("starts dozens of servers")
	}
	o := small()
	o.profiles = t.TempDir()
	var out strings.Builder
	if err := measure(t.Context(), o, &out); err != nil {
		t.Fatal(err)
	}
	for _, p := range o.plan() {
		if !strings.Contains(out.String(), "### "+p.title) {
			t.Errorf("no table %q in\n%s", p.title, &out)
		}
	}
	for _, profile := range []string{"tutti-idle.cpu.prof", "tutti-idle.heap.prof", "centrifuge-history-open.cpu.prof", "tutti-durable-publish-64.cpu.prof"} {
		if info, err := os.Stat(filepath.Join(o.profiles, profile)); err != nil || info.Size() == 0 {
			t.Errorf("profile %s: %v, %v", profile, info, err)
		}
	}
}

func TestServers(t *testing.T) {
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			c, err := startChild(t.Context(), k.name, "test", "")
			if err != nil {
				t.Fatal(err)
			}
			defer func() {
				if err := c.Stop(); err != nil {
					t.Errorf("stop: %v", err)
				}
			}()
			sent := time.Unix(0, 12345)
			got := make(chan time.Time, 1)
			crowd, err := gather(t.Context(), c, 1, shared, func(_ int, at time.Time) { got <- at })
			if err != nil {
				t.Fatal(err)
			}
			defer crowd.leave()
			if err := c.tell(room, message(sent)); err != nil {
				t.Fatal(err)
			}
			select {
			case at := <-got:
				if !at.Equal(sent) {
					t.Errorf("a message of %v came, want %v", at, sent)
				}
			case err := <-crowd.failed:
				t.Fatal(err)
			case <-time.After(patience):
				t.Fatal("the message did not come")
			}
			if _, err := c.Ask("nonsense"); err == nil {
				t.Error("an unknown request was answered")
			}
			if u, err := c.usage(); err != nil || u.CPU <= 0 || u.RSS <= 0 || u.InUse <= 0 || u.Goroutines <= 0 {
				t.Errorf("usage %+v, %v", u, err)
			}
		})
	}
}

func TestUnknownServer(t *testing.T) {
	if _, err := startChild(t.Context(), "none", "test", ""); err == nil || !strings.Contains(err.Error(), `"tutti, durable"`) {
		t.Errorf("error %v, want one that lists the servers", err)
	}
}

func TestValidate(t *testing.T) {
	for name, change := range map[string]func(*options){
		"an unknown part":        func(o *options) { o.parts = "idle,nothing" },
		"no connections":         func(o *options) { o.idle = 0 },
		"no time":                func(o *options) { o.publishing = 0 },
		"no message":             func(o *options) { o.rate, o.lasts = 1, time.Millisecond },
		"more files than can be": func(o *options) { o.open = 1 << 40 },
	} {
		t.Run(name, func(t *testing.T) {
			o := small()
			if err := o.validate(); err != nil {
				t.Fatal(err)
			}
			if change(&o); o.validate() == nil {
				t.Error("no error")
			}
		})
	}
}
