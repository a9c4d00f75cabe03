package config

import (
	"errors"
	"fmt"
)

// faults collects what is wrong, so that all of it is told at once.
type faults []error

func (f *faults) add(key, format string, args ...any) {
	*f = append(*f, fmt.Errorf("%s: "+format, append([]any{key}, args...)...))
}

// join returns the faults as one error, a line each; nil if there are none.
func (f faults) join() error { return errors.Join(f...) }
