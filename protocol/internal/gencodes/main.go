// Command gencodes writes the table of errors of package protocol where others
// read it: as TypeScript for the client library and as Markdown for people.
package main

import (
	"flag"
	"fmt"
	"os"

	"github.com/tuttisync/tutti/protocol"
)

func main() {
	ts := flag.String("ts", "", "file to write the TypeScript to")
	md := flag.String("md", "", "file to write the Markdown to")
	flag.Parse()
	for path, render := range map[string]func([]protocol.Kind) []byte{*ts: typeScript, *md: markdown} {
		if path == "" {
			continue
		}
		if err := os.WriteFile(path, render(protocol.Codes()), 0o644); err != nil {
			fmt.Fprintln(os.Stderr, "gencodes:", err)
			os.Exit(1)
		}
	}
}
