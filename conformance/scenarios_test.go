package conformance

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// binaries is where the programs are that the scenarios run.
var binaries string

func TestMain(m *testing.M) { os.Exit(build(m)) }

// build makes the programs as they are now, and runs the tests.
func build(m *testing.M) int {
	dir, err := os.MkdirTemp("", "tutti-conformance-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	binaries = dir
	for name, pkg := range map[string]string{"tutti": "../cmd/tutti", "agent": "./agents"} {
		command := exec.Command("go", "build", "-o", filepath.Join(dir, name), pkg)
		if out, err := command.CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "build %s: %v\n%s", pkg, err, out)
			return 1
		}
	}
	// Scenarios wait more than they compute.
	flag.Parse()
	if err := flag.Set("test.parallel", "6"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// agents are the clients that there are, and how each is started.
func agents(t *testing.T) map[string][]string {
	all := map[string][]string{"go": {filepath.Join(binaries, "agent")}}
	node, err := exec.LookPath("node")
	if err == nil {
		_, err = os.Stat("../packages/client/dist/client.js")
	}
	switch {
	case err == nil:
		all["typescript"] = []string{node, "agents/agent.mjs"}
	case os.Getenv("CI") != "":
		t.Fatalf("the TypeScript client is not built (make web): %v", err)
	default:
		t.Logf("NOT RUN with the TypeScript client, which is not built (make web): %v", err)
	}
	return all
}

func TestScenarios(t *testing.T) {
	if testing.Short() {
		t.Skip("scenarios take minutes")
	}
	files, err := filepath.Glob("scenarios/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("there are no scenarios: %v", err)
	}
	all := agents(t)
	for _, file := range files {
		s := load(t, file)
		for name, command := range all {
			if s.Agents != nil && !slices.Contains(s.Agents, name) {
				continue
			}
			t.Run(s.Name+"/"+strings.Join(s.Rules, "_")+"/"+name, func(t *testing.T) {
				if !s.crowded() { // two crowds would be too many files
					t.Parallel()
				}
				direct(t, load(t, file), command...)
			})
		}
	}
}
