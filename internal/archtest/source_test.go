package archtest

import (
	"fmt"
	"go/ast"
	"go/build/constraint"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

const module = "github.com/tuttisync/tutti"

// source is what the files of one package say, tests left out, on every
// platform together: that is why files are read here and go list is not asked.
type source struct {
	name    string   // as in the table
	imports []string // sorted, each once
	acts    []string // uses of a clock and starts of goroutines: "file:line: what"
}

// readModule reads all packages of the module in root, by name. Folders with a
// go.mod of their own are other modules.
func readModule(root string) ([]*source, error) {
	packages := make(map[string]*source)
	err := filepath.WalkDir(root, func(file string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if e.IsDir() {
			if file != root && (skipped(e.Name()) || isModule(file)) {
				return fs.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(file, ".go") || strings.HasPrefix(e.Name(), "_") || strings.HasPrefix(e.Name(), ".") {
			return nil
		}
		name, err := filepath.Rel(root, filepath.Dir(file))
		if err != nil {
			return err
		}
		name = filepath.ToSlash(name)
		p := packages[name]
		if p == nil {
			p = &source{name: name}
			packages[name] = p
		}
		if strings.HasSuffix(file, "_test.go") {
			return nil
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		return p.add(path.Join(name, e.Name()), text)
	})
	if err != nil {
		return nil, fmt.Errorf("read module: %w", err)
	}
	all := make([]*source, 0, len(packages))
	for _, p := range packages {
		all = append(all, p)
	}
	slices.SortFunc(all, func(a, b *source) int { return strings.Compare(a.name, b.name) })
	return all, nil
}

func skipped(folder string) bool {
	return folder == "node_modules" || folder == "testdata" || strings.HasPrefix(folder, ".") || strings.HasPrefix(folder, "_")
}

func isModule(folder string) bool {
	_, err := os.Stat(filepath.Join(folder, "go.mod"))
	return err == nil
}

// add reads one file. A file that is built by name alone (go:build ignore) is
// a program beside the package and no part of it.
func (p *source) add(name string, text []byte) error {
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, name, text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	for _, group := range file.Comments {
		for _, c := range group.List {
			if expr, err := constraint.Parse(c.Text); err == nil && c.Pos() < file.Package && expr.String() == "ignore" {
				return nil
			}
		}
	}
	clockName := ""
	for _, spec := range file.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return err
		}
		if i, found := slices.BinarySearch(p.imports, imported); !found {
			p.imports = slices.Insert(p.imports, i, imported)
		}
		if imported == "time" {
			clockName = "time"
			if spec.Name != nil {
				clockName = spec.Name.Name
			}
		}
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GoStmt:
			p.acts = append(p.acts, fmt.Sprintf("%v starts a goroutine", files.Position(n.Pos())))
		case *ast.SelectorExpr:
			if x, ok := n.X.(*ast.Ident); ok && clockName != "" && x.Name == clockName && slices.Contains(clock, n.Sel.Name) {
				p.acts = append(p.acts, fmt.Sprintf("%v uses time.%s", files.Position(n.Pos()), n.Sel.Name))
			}
		}
		return true
	})
	return nil
}
