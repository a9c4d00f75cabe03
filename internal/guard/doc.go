// Package guard holds tests that fail when what a delivery or an idle
// connection costs has grown by more than a tenth over the figures in testdata.
// They measure memory, which is the same on every machine of one kind and under
// any load; time is measured by the module bench.
//
// After a change that is worth its cost, or one that saves some:
//
//	go test ./internal/guard -update
package guard
