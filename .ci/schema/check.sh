#!/usr/bin/env bash
# Holds schema.graphql to its rules, and compares it with that of the last version, by its tag: nothing that an app
# relies on may be gone.
set -euo pipefail
cd "$(dirname "$0")"
root=$(git rev-parse --show-toplevel)

if [ ! -e node_modules/.bin/eslint ]; then
    npm ci --silent --no-audit --no-fund
fi

# ESLint looks at nothing above the folder that it works in.
copy=$(mktemp -d -p .)
trap 'rm -rf "$copy"' EXIT
cp "$root/schema.graphql" "$copy/schema.graphql"
node_modules/.bin/eslint --max-warnings 0 "$copy/schema.graphql"

last=$(git describe --tags --match "v[0-9]*" --abbrev=0 2>/dev/null || true)
if [ -z "$last" ]; then
    echo "schema.graphql: there is no version to compare it with"
elif ! git show "$last:schema.graphql" >"$copy/last.graphql" 2>/dev/null; then
    echo "schema.graphql: $last has none to compare it with"
else
    echo "schema.graphql, compared with $last:"
    node_modules/.bin/graphql-inspector diff "$copy/last.graphql" "$copy/schema.graphql"
fi
