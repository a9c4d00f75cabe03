#!/usr/bin/env bash
# Runs every fuzz target of the module for the time given, as 10s, one at a time.
set -euo pipefail
cd "$(dirname "$0")/.."

time=${1:?how long, as 10s}
files=$(go list -f '{{range .TestGoFiles}}{{$.ImportPath}} {{$.Dir}}/{{.}}
{{end}}{{range .XTestGoFiles}}{{$.ImportPath}} {{$.Dir}}/{{.}}
{{end}}' ./... | sed '/^$/d')
ran=0
while read -r package file; do
  for target in $(sed -nE 's/^func (Fuzz[A-Za-z0-9_]*)\(.*/\1/p' "$file"); do
    printf '=== %s %s\n' "$package" "$target"
    go test -run '^$' -fuzz "^$target\$" -fuzztime "$time" "$package"
    ran=$((ran + 1))
  done
done <<<"$files"
echo "$ran fuzz targets ran for $time each"
[ "$ran" -gt 0 ]
