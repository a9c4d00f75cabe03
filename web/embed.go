// Package web holds the playground as npm run build made it.
package web

import (
	"embed"
	"io/fs"
)

//go:embed all:dist
var dist embed.FS

// Files returns the built playground, or nil if the program was compiled
// before it was built. Its pages refer to each other by relative addresses, so
// it can be served under any path that ends in a slash.
func Files() fs.FS { return site(dist) }

func site(dist fs.FS) fs.FS {
	files, err := fs.Sub(dist, "dist")
	if err != nil {
		return nil
	}
	if _, err := fs.Stat(files, "index.html"); err != nil {
		return nil
	}
	return files
}
