#!/usr/bin/env bash
# Fails when a generated file is not what its generator makes of the sources as
# they are now, committed or not: generates in a copy and compares.
set -euo pipefail
cd "$(dirname "$0")/.."

copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
mkdir "$copy/before"
git ls-files -z --cached --others --exclude-standard |
  while IFS= read -r -d '' file; do
    if [ -e "$file" ]; then printf '%s\0' "$file"; fi
  done |
  tar --create --null --files-from=- |
  tar --extract --directory "$copy/before"
cp -R "$copy/before" "$copy/after"
(cd "$copy/after" && go generate ./...)
if ! diff -ru "$copy/before" "$copy/after"; then
  echo "generated files are not up to date: make gen" >&2
  exit 1
fi
