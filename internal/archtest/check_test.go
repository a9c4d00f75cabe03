package archtest

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

// matches says whether a name of the table covers a package.
func matches(pattern, pkg string) bool {
	if pattern == "*" {
		return true
	}
	ok, err := path.Match(pattern, pkg)
	return ok && err == nil
}

func covers(patterns []string, pkg string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return matches(p, pkg) })
}

// check returns what the package does against the table.
func check(p *source) []string {
	i := slices.IndexFunc(table, func(r row) bool { return matches(r.pkg, p.name) })
	if i < 0 {
		return []string{fmt.Sprintf("%s has no row in the table of imports: decide where it stands", p.name)}
	}
	var found []string
	for _, imported := range p.imports {
		if fault := table[i].judge(p.name, imported); fault != "" {
			found = append(found, fmt.Sprintf("%s imports %s: %s", p.name, imported, fault))
		}
	}
	if table[i].pure {
		for _, act := range p.acts {
			if _, used, ok := strings.Cut(act, " uses "); ok && slices.Contains(table[i].but, used) {
				continue
			}
			found = append(found, fmt.Sprintf("%s is pure, and at %s", p.name, act))
		}
	}
	return found
}

// judge returns what is wrong with one import, or "".
func (r row) judge(pkg, imported string) string {
	if own, ok := ownName(imported); ok {
		switch {
		case !covers(r.may, own):
			return "not an arrow of the table"
		case covers(tops, own):
			return "only tests import that"
		}
		return ""
	}
	if !r.pure || slices.Contains(modules[pkg], imported) || slices.Contains(r.but, imported) {
		return ""
	}
	if first, _, _ := strings.Cut(imported, "/"); strings.Contains(first, ".") {
		return "a pure package uses the standard library only"
	}
	for _, no := range impure {
		if imported == no || strings.HasPrefix(imported, no+"/") {
			return "a pure package does without it"
		}
	}
	return ""
}

// ownName turns an import path of this module into a name of the table.
func ownName(imported string) (string, bool) {
	if imported == module {
		return ".", true
	}
	return strings.CutPrefix(imported, module+"/")
}
