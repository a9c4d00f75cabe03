package file_test

import (
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/tuttisync/tutti/crdt"
	"github.com/tuttisync/tutti/crdt/file"
)

func ExampleOpen() {
	dir, err := os.MkdirTemp("", "visits")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	for range 2 {
		counter := crdt.NewGCounter()
		kept, err := file.Open(filepath.Join(dir, "visits.json"), counter)
		if err != nil {
			log.Fatal(err)
		}
		if _, err := counter.Increment(1); err != nil {
			log.Fatal(err)
		}
		fmt.Println(counter.Value())
		if err := kept.Close(); err != nil {
			log.Fatal(err)
		}
	}
	// Output:
	// 1
	// 2
}
