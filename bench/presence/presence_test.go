package main

import (
	"context"
	"encoding/hex"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

var own options // the test binary starts itself as a server and a probe, as the bench does

func TestMain(m *testing.M) {
	own.register(flag.CommandLine)
	flag.Parse()
	if own.server == "" && own.probe == "" {
		os.Exit(m.Run())
	}
	if err := run(context.Background(), own); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// Each scenario runs, small, with each server that is a program in Go; all that is
// told still has to arrive.
func TestScenarios(t *testing.T) {
	if testing.Short() {
		t.Skip("starts servers")
	}
	o := own
	o.warm, o.lasts, o.idle, o.rest = 0, 200*time.Millisecond, 100*time.Millisecond, 10*time.Millisecond
	o.writers, o.room, o.still = 5, 50, 20
	for _, name := range scenarioNames {
		t.Run(name, func(t *testing.T) {
			s := scenarios[name](o)
			values := make(map[string][][]float64)
			s.systems = slices.DeleteFunc(s.systems, func(name string) bool { return name == "y-websocket" })
			for _, system := range s.systems {
				figures, err := s.one(t.Context(), system, name, o)
				if err != nil {
					t.Fatalf("%s: %v", system, err)
				}
				if len(figures) != len(s.rows) {
					t.Fatalf("%s: %d figures for %d rows", system, len(figures), len(s.rows))
				}
				values[system] = append(values[system], figures)
			}
			if table := s.table(values); !strings.Contains(table, "### "+s.title) {
				t.Errorf("the table is\n%s", table)
			}
		})
	}
}

// What y-protocols 1.0.7 encodes of client 300, whose state has been set twice.
func TestAwareness(t *testing.T) {
	const want = "010c01ac0202077b2261223a327d"
	if got := hex.EncodeToString(awareness(2, map[int][]byte{299: []byte(`{"a":2}`)})); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestGoal(t *testing.T) {
	figures := map[string]float64{"tutti": 2, "peer": 8}
	for _, c := range []struct {
		goal goal
		want string
	}{
		{within(2), "tutti ≤ 2: 2, met"},
		{within(1.5), "tutti ≤ 1.5: 2, **not met**"},
		{beside("peer", 0.3), "tutti / peer ≤ 0.3: 0.25, met"},
		{beside("peer", 0.2), "tutti / peer ≤ 0.2: 0.25, **not met**"},
		{beside("nobody", 1), "tutti / nobody ≤ 1: –, **not met**"},
	} {
		if got := c.goal.judge(figures); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}

func TestThree(t *testing.T) {
	for v, want := range map[float64]string{0: "0", 0.01234: "0.0123", 1.5: "1.5", 12.345: "12.3", 1234: "1230", 1735281: "1740000", -0.048: "-0.048"} {
		if got := three(v); got != want {
			t.Errorf("%v is %q, want %q", v, got, want)
		}
	}
}
