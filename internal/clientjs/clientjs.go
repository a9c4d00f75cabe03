// Package clientjs holds the browser client as it is served below /v1/: the module
// that pages import, client.js, and those beside it. The files are built from
// packages/client and kept here, so that a Go program that embeds tutti needs no
// npm.
package clientjs

import "embed"

//go:embed *.js
var files embed.FS

// Modules are the modules by the names of their files, by which they import each
// other: client.js loads fallback.js where it cannot use a WebSocket, keep.js
// where it keeps anything, and share.js where tabs share a connection, which a
// worker carries whose script is share-worker.js; text.js, which a page gives to client.js if it has
// texts, imports that; network.js, banner.js and optimistic.js stand alone.
var Modules = read()

func read() map[string][]byte {
	entries, err := files.ReadDir(".")
	if err != nil {
		panic(err)
	}
	modules := map[string][]byte{}
	for _, entry := range entries {
		source, err := files.ReadFile(entry.Name())
		if err != nil {
			panic(err)
		}
		modules[entry.Name()] = source
	}
	return modules
}
