package main

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
)

var (
	serve   = flag.String("serve", "", "be this server (used by the bench itself)")
	parts   = flag.String("parts", "idle,closed,open,publish", "what to measure")
	repeats = flag.Int("repeats", 3, "how often; the median of each figure is shown")
	idlers  = flag.Int("idle", 5000, "idle connections")
	rate    = flag.Int("rate", 20, "messages a second of the open loop")
)

func main() {
	flag.Parse()
	err := error(nil)
	if *serve != "" {
		err = serveChild(*serve)
	} else {
		err = measure()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// part is one table.
type part struct {
	name    string
	title   string
	columns []string
	servers []string
	run     func(*child) (row, error)
}

func measure() error {
	peers := []string{tuttiMemory, centrifugePlain, centrifugeHistory}
	all := []part{
		{
			"idle", fmt.Sprintf("%d idle connections, each subscribed to one topic", *idlers),
			[]string{"RSS each, KiB", "goroutines each", "server CPU to connect and subscribe, µs", "time of that, µs"},
			peers,
			func(c *child) (row, error) { return idle(c, *idlers) },
		},
		{
			"closed", "1,000 subscribers, the next message when all have the last",
			[]string{"server CPU per delivery, µs", "deliveries/s"},
			peers,
			func(c *child) (row, error) { return closed(c, 1000, 300) },
		},
		{
			"open", fmt.Sprintf("5,000 subscribers, %d messages a second for 10 s", *rate),
			[]string{"server CPU per delivery, µs", "p50, ms", "p99, ms"},
			peers,
			func(c *child) (row, error) { return open(c, 5000, *rate, 10*time.Second) },
		},
	}
	for _, n := range []int{1, 8, 64} {
		all = append(all, part{
			"publish", fmt.Sprintf("%d publishers, each waiting for its acknowledgement, all subscribed", n),
			[]string{"publishes/s", "server CPU per publish, µs"},
			append(slices.Clone(peers), tuttiDisk),
			func(c *child) (row, error) { return publishing(c, n, 3*time.Second) },
		})
	}
	fmt.Printf("%s, %s/%s, %d processors, %s\n", time.Now().Format(time.DateOnly), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), runtime.Version())
	for _, p := range all {
		if !slices.Contains(strings.Split(*parts, ","), p.name) {
			continue
		}
		if err := p.measure(); err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
	}
	return nil
}

// measure runs the servers in turn, and prints the medians as a table.
func (p part) measure() error {
	results := make(map[string][]row)
	for range *repeats {
		for _, kind := range p.servers {
			c, err := startChild(kind)
			if err != nil {
				return err
			}
			r, err := p.run(c)
			c.stop()
			if err != nil {
				return fmt.Errorf("%s: %w", kind, err)
			}
			results[kind] = append(results[kind], r)
		}
	}
	fmt.Printf("\n### %s\n\n| | %s |\n|---|%s\n", p.title, strings.Join(p.columns, " | "), strings.Repeat("---|", len(p.columns)))
	for _, kind := range p.servers {
		fmt.Printf("| %s |", kind)
		for column := range p.columns {
			fmt.Printf(" %s |", median(results[kind], column))
		}
		fmt.Println()
	}
	return nil
}

func median(rows []row, column int) string {
	values := make([]string, 0, len(rows))
	for _, r := range rows {
		values = append(values, r[column])
	}
	slices.SortFunc(values, func(a, b string) int {
		x, _ := strconv.ParseFloat(a, 64)
		y, _ := strconv.ParseFloat(b, 64)
		switch {
		case x < y:
			return -1
		case x > y:
			return 1
		}
		return 0
	})
	return values[len(values)/2]
}
