// Package clientjs holds the browser client as it is served at /v1/client.js,
// the module beside it that it loads where it cannot use a WebSocket, and the one
// that a page gives it which has texts. The files are built from packages/client
// and kept here, so that a Go program that embeds tutti needs no npm.
package clientjs

import _ "embed"

// Source is the module that pages import.
//
//go:embed client.js
var Source []byte

// Fallback is the module that Source imports as ./fallback.js.
//
//go:embed fallback.js
var Fallback []byte

// Text is the module of the type text, which imports Source as ./client.js.
//
//go:embed text.js
var Text []byte
