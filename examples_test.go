package tutti_test

import (
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"path/filepath"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// Every exported name of the package has an example that runs.
func TestExamples_for_every_name(t *testing.T) {
	files := token.NewFileSet()
	var parsed []*ast.File
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		f, err := parser.ParseFile(files, name, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		parsed = append(parsed, f)
	}
	p, err := doc.NewFromFiles(files, parsed, "github.com/tuttisync/tutti")
	if err != nil {
		t.Fatal(err)
	}
	runs := func(kind, name string, examples []*doc.Example) {
		for _, e := range examples {
			if e.Output != "" || e.EmptyOutput {
				return
			}
		}
		t.Errorf("the %s %s has no example with an output", kind, name)
	}
	runs("package", "tutti", p.Examples)
	for _, f := range p.Funcs {
		runs("function", f.Name, f.Examples)
	}
	for _, typ := range p.Types {
		runs("type", typ.Name, typ.Examples)
		for _, f := range typ.Funcs {
			runs("function", f.Name, f.Examples)
		}
		for _, m := range typ.Methods {
			runs("method", typ.Name+"."+m.Name, m.Examples)
		}
	}
	if len(p.Types) < 10 {
		t.Errorf("only %d types were found", len(p.Types))
	}
}
