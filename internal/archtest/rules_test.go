package archtest

import (
	"cmp"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	ruleItem  = regexp.MustCompile(`(?m)^- \*\*([A-Z]+)-([0-9]+)\b`)
	ruleRow   = regexp.MustCompile(`(?m)^\| ([A-Z]+)-([0-9]+)\b`) // of a table, that says what items tell of several
	ruleCited = regexp.MustCompile(`\b([A-Z][A-Z0-9]+)-([0-9]+)\b`)
)

// TestRules holds that each rule of spec/ has an id of its own, and that whoever
// cites a rule cites one that there is.
func TestRules(t *testing.T) {
	root := filepath.Join("..", "..")
	var rows []string
	defined, kinds := map[string]string{}, map[string]bool{}
	specs, err := filepath.Glob(filepath.Join(root, "spec", "*.md"))
	if err != nil || len(specs) == 0 {
		t.Fatalf("there is no spec: %v", err)
	}
	for _, file := range specs {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range ruleItem.FindAllSubmatch(text, -1) {
			rule := string(m[1]) + "-" + string(m[2])
			if other := defined[rule]; other != "" {
				t.Errorf("%s has rule %s, and so has %s", file, rule, other)
			}
			defined[rule], kinds[string(m[1])] = file, true
		}
		for _, m := range ruleRow.FindAllSubmatch(text, -1) {
			rows = append(rows, string(m[1])+"-"+string(m[2]))
		}
	}
	for _, rule := range rows {
		defined[rule] = cmp.Or(defined[rule], "a table")
	}
	err = filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && slices.Contains([]string{"node_modules", "dist", ".git", "bin", "clientjs"}, entry.Name()):
			return filepath.SkipDir
		case entry.IsDir() || !slices.Contains([]string{".go", ".ts", ".tsx", ".md", ".json", ".yaml"}, filepath.Ext(path)):
			return nil
		case strings.HasSuffix(path, "package-lock.json"):
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, m := range ruleCited.FindAllSubmatch(text, -1) {
			if rule := string(m[0]); kinds[string(m[1])] && defined[rule] == "" {
				t.Errorf("%s cites %s, which is no rule of spec/", path, rule)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
