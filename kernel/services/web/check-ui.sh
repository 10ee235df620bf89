#!/usr/bin/env bash
# Format, types, unit tests and build of the pages in a copy; fails when the committed build is not what the sources give.
# Needs node, npm and a registry of packages; ends with 3 when the packages cannot be had.
set -eu
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/ui"
find ui -mindepth 1 -maxdepth 1 ! -name node_modules -exec cp -R {} "$work/ui/" \;
cp -R src ui.sha256 "$work/"
if ! (cd "$work/ui" && npm ci) >"$work/log" 2>&1; then
  tail -n 5 "$work/log"
  echo "pages: npm ci failed, so their tests did not run"
  exit 3
fi
if ! (cd "$work/ui" && npm run build) >"$work/log" 2>&1; then
  tail -n 60 "$work/log"
  echo "pages: format, types, tests or build failed"
  exit 1
fi
grep -E '^# (pass|fail) ' "$work/log" | sed 's/^#/pages:/'
if ! diff -r "$work/src/main/resources/web" src/main/resources/web || ! diff "$work/ui.sha256" ui.sha256; then
  echo "pages: the committed build is not made from the present sources; run npm ci && npm run build in kernel/services/web/ui"
  exit 1
fi
