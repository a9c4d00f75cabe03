#!/usr/bin/env bash
# Prints the path of a Chromium for the browser tests: $CHROMIUM, or one on the
# PATH, or one that is installed now, where that is possible without asking
# (root on Debian). Where there is none it prints nothing, and fails in CI only.
set -euo pipefail

find_one() {
  local name
  for name in chromium chromium-browser google-chrome; do
    command -v "$name" && return
  done
  return 1
}

if [ -n "${CHROMIUM:-}" ]; then
  [ -x "$CHROMIUM" ] || { echo "CHROMIUM=$CHROMIUM is not a program" >&2; exit 1; }
  echo "$CHROMIUM"
  exit
fi
find_one && exit
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  echo "installing chromium for the browser tests" >&2
  { apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends chromium; } >&2 || true
  find_one && exit
fi
echo "no Chromium: set CHROMIUM to its path, or install it" >&2
[ -z "${CI:-}" ]
