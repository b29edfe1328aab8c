#!/usr/bin/env bash
# Make the virtual environment, or bring it up to date with the requirements. Usage: venv.sh DIRECTORY REQUIREMENTS [as-used]
#
# All modules are compiled at once, or, with as-used, each when it is first imported: of an environment for a few tools most are
# never imported.
set -euo pipefail

directory=$1
requirements=$2
compiling=--compile-bytecode
[ "${3:-}" != as-used ] || compiling=--no-compile-bytecode
python=${PYTHON:-python3}
least_free_mb=4000

fail() {
    printf 'error: %s\n' "$*" >&2
    exit 1
}

command -v "$python" >/dev/null || fail "$python is not installed; install Python 3.11 or 3.12, or name one: make PYTHON=python3.12"
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    fail "$("$python" --version) is too old; Python 3.11 or newer is needed: make PYTHON=python3.12"
"$python" -c 'import ensurepip, venv' 2>/dev/null ||
    fail "$python lacks its venv module; on Debian and Ubuntu: apt install python3-venv"
free_mb=$(df -Pm . | awk 'NR == 2 { print $4 }')
[ "$free_mb" -ge "$least_free_mb" ] || fail "only ${free_mb} MB are free here; the packages need ${least_free_mb} MB"

[ -x "$directory/bin/python" ] || "$python" -m venv "$directory"
pip=("$directory/bin/python" -m pip --disable-pip-version-check)

# uv installs the same packages several times faster; it is told where pip is configured to look for them.
configured() {
    local place value
    for place in :env: install global; do
        # A list of several is shown with \n between them.
        value=$(sed -n "s/^$place\.$1='\(.*\)'\$/\1/p" <<<"$settings" | sed 's/\\n/ /g; s/^ *//')
        [ -z "$value" ] || break
    done
    printf '%s' "$value"
}
find_uv() {
    for uv in "$directory/bin/uv" .venv/bin/uv; do
        [ ! -x "$uv" ] || return 0
    done
    uv=$directory/bin/uv
    "${pip[@]}" install --quiet uv
}
with_uv() {
    find_uv || return 1
    local settings index extra links certificate
    settings=$("${pip[@]}" config list 2>/dev/null || true)
    index=$(configured index-url)
    extra=$(configured extra-index-url)
    links=$(configured find-links)
    certificate=$(configured cert)
    [ -z "$index" ] || export UV_DEFAULT_INDEX=$index
    [ -z "$extra" ] || export UV_EXTRA_INDEX_URL=$extra
    [ -z "$links" ] || export UV_FIND_LINKS=${links// /,}
    [ -z "$certificate" ] || export SSL_CERT_FILE=$certificate
    # As pip does: the system's certificates, and the best version of all indexes, not the first index that has the name.
    UV_SYSTEM_CERTS=true UV_INDEX_STRATEGY=unsafe-best-match VIRTUAL_ENV=$PWD/$directory \
        "$uv" pip install --quiet "$compiling" --requirements "$requirements"
}

echo "installing the packages of $requirements into $directory (a few minutes the first time)"
# Bytecode is kept; without it every process would compile what it imports.
unset PYTHONDONTWRITEBYTECODE
with_uv || {
    echo "uv could not do it; trying pip"
    "${pip[@]}" install --quiet --requirement "$requirements"
}
