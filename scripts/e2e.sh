#!/usr/bin/env bash
# Runs the tests in a real browser, if there is one (see chromium.sh).
set -euo pipefail
cd "$(dirname "$0")/.."

chromium=$(scripts/chromium.sh)
if [ -z "$chromium" ]; then
  echo "NOT RUN: the browser tests (npm run e2e)" >&2
  exit
fi
CHROMIUM=$chromium npm run e2e
