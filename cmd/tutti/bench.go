package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tuttisync/tutti/internal/load"
)

func bench() *cobra.Command {
	c := &cobra.Command{
		Use:   "bench",
		Short: "Put a server under load and measure it",
		Long: "Put a server under load and measure it: one that is started for it on this machine, or, with --url, one that\n" +
			"runs elsewhere. How it goes on is told on standard error; standard output gets a table in Markdown.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(benchFanOut(), benchIdle(), benchPublish(), benchDocuments(), benchReconnect())
	return c
}

// measurement is a command of bench, without its own flags.
func measurement(use, short string, table func() (*load.Table, error)) *cobra.Command {
	var b load.Bench
	c := &cobra.Command{Use: use, Short: short, Args: cobra.NoArgs}
	f := c.Flags()
	f.StringVar(&b.Target.URL, "url", "", "a running server, http(s)://host[:port][/prefix] (default: one is started here)")
	f.StringVar(&b.Target.Token, "token", "", "the token to show it (default TUTTI_TOKEN)")
	f.StringVar(&b.Namespace, "namespace", "bench", "namespace of the topics that are used")
	f.BoolVar(&b.Durable, "durable", false, "the server that is started keeps its log on disk")
	f.IntVar(&b.Repeat, "repeat", 1, "how often to measure; the median is shown, with the least and the most")
	c.RunE = func(c *cobra.Command, _ []string) error {
		t, err := table()
		if err != nil {
			return err
		}
		switch {
		case b.Repeat < 1:
			return errors.New("bench: --repeat is 1 at least")
		case b.Target.URL != "" && b.Durable:
			return errors.New("bench: --durable is of a server that is started here; it does not go with --url")
		case b.Target.URL == "" && b.Namespace != "bench":
			return errors.New("bench: --namespace goes with --url")
		}
		if b.Target.Token == "" && b.Target.URL != "" {
			b.Target.Token = os.Getenv("TUTTI_TOKEN")
		}
		if b.Program.Path, err = os.Executable(); err != nil {
			return fmt.Errorf("bench: find this program: %w", err)
		}
		b.Program.Name = os.Args[0]
		b.Progress = c.ErrOrStderr()
		result, err := b.Run(c.Context(), t)
		if err != nil {
			return fmt.Errorf("bench: %w", err)
		}
		_, err = fmt.Fprintf(c.OutOrStdout(), "%s. `tutti %s`\n\n%s", load.Machine(time.Now(), version), arguments(os.Args[1:]), result)
		return err
	}
	return c
}

// arguments are what the program was called with, without the token.
func arguments(args []string) string {
	var shown []string
	for i, a := range args {
		switch {
		case i > 0 && args[i-1] == "--token":
			a = "…"
		case strings.HasPrefix(a, "--token="):
			a = "--token=…"
		}
		shown = append(shown, a)
	}
	return strings.Join(shown, " ")
}

func benchFanOut() *cobra.Command {
	var m load.FanOut
	c := measurement("fan-out", "Many subscribers, entries at a fixed rate: how many, how late", func() (*load.Table, error) { return m.Table() })
	c.Example = `  tutti bench fan-out --clients 5000 --rate 20
  tutti bench fan-out --clients 1000 --stalled 0,1,100 --repeat 3`
	f := c.Flags()
	f.IntVar(&m.Clients, "clients", 1000, "subscribers")
	f.IntVar(&m.Topics, "topics", 1, "topics that they spread over")
	f.IntVar(&m.Publishers, "publishers", 1, "connections that publish")
	f.IntVar(&m.Rate, "rate", 20, "entries a second, of all together")
	f.DurationVar(&m.Duration, "duration", 10*time.Second, "how long to publish")
	f.IntVar(&m.Bytes, "bytes", 100, "of an entry's data")
	f.IntSliceVar(&m.Stalled, "stalled", []int{0}, "so many more subscribers that do not read; several numbers are compared")
	return c
}

func benchIdle() *cobra.Command {
	var m load.Idle
	c := measurement("idle", "Connections that do nothing: what it takes to make and to have them", func() (*load.Table, error) { return m.Table() })
	c.Example = "  tutti bench idle --clients 9000"
	f := c.Flags()
	f.IntVar(&m.Clients, "clients", 5000, "connections")
	f.IntVar(&m.Topics, "topics", 100, "topics that they spread over")
	f.IntVar(&m.AtOnce, "at-once", 16, "connections that are opened at the same time")
	f.DurationVar(&m.Duration, "duration", 3*time.Second, "how long they are left alone before memory is read")
	return c
}

func benchPublish() *cobra.Command {
	var m load.Publish
	c := measurement("publish", "Clients that publish, each its next entry when the last is acknowledged", func() (*load.Table, error) { return m.Table() })
	c.Example = "  tutti bench publish --publishers 1,8,64 --topics 64 --durable"
	f := c.Flags()
	f.IntSliceVar(&m.Publishers, "publishers", []int{1, 8, 64}, "clients that publish; several numbers are compared")
	f.IntVar(&m.Topics, "topics", 1, "topics that they spread over")
	f.DurationVar(&m.Duration, "duration", 5*time.Second, "how long to publish")
	f.IntVar(&m.Bytes, "bytes", 100, "of an entry's data")
	return c
}

func benchDocuments() *cobra.Command {
	var m load.Documents
	c := measurement("documents", "Clients that change documents, beside clients that publish as much", func() (*load.Table, error) { return m.Table() })
	c.Example = "  tutti bench documents --writers 50 --counters 1000 --records 100 --durable"
	f := c.Flags()
	f.IntVar(&m.Writers, "writers", 50, "clients that write")
	f.IntVar(&m.Counters, "counters", 1000, "topics that are counters")
	f.IntVar(&m.Records, "records", 100, "topics that are records")
	f.IntVar(&m.Keys, "keys", 100, "records of each of these")
	f.DurationVar(&m.Duration, "duration", 5*time.Second, "how long to write")
	f.IntVar(&m.Bytes, "bytes", 100, "of a record's text")
	return c
}

func benchReconnect() *cobra.Command {
	var m load.Reconnect
	c := measurement("reconnect", "Clients that are all cut off, and all come back at once to what they missed", func() (*load.Table, error) { return m.Table() })
	c.Example = "  tutti bench reconnect --clients 9000 --gap 10"
	f := c.Flags()
	f.IntVar(&m.Clients, "clients", 1000, "connections")
	f.IntVar(&m.Topics, "topics", 100, "topics that they spread over")
	f.IntVar(&m.Gap, "gap", 10, "entries that each misses")
	f.IntVar(&m.Bytes, "bytes", 100, "of an entry's data")
	f.IntVar(&m.AtOnce, "at-once", 0, "connections that are opened at the same time (0: all)")
	f.DurationVar(&m.Rest, "rest", 3*time.Second, "how long they are left alone before memory is read and they are cut off")
	return c
}
