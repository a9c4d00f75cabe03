// Package clientjs holds the browser client as one module, as it is served at
// /v1/client.js. The file is built from packages/client and kept here, so that
// a Go program that embeds tutti needs no npm.
package clientjs

import _ "embed"

// Source is the module.
//
//go:embed client.js
var Source []byte
