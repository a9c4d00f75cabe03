// Package archtest holds the architecture as tests: which package may import
// which, and what a pure package must do without.
//
// The table is in table_test.go. A new package fails the test until it has a
// row there: where it stands is decided once, on purpose. Test files may import
// anything.
package archtest
