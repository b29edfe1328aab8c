#!/usr/bin/env bash
# Make the virtual environment, or bring it up to date with the requirements. Usage: venv.sh DIRECTORY REQUIREMENTS
set -euo pipefail

directory=$1
requirements=$2
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
setting() { "${pip[@]}" config get "$1" 2>/dev/null || true; }
configured() {
    local value
    value=$(setting ":env:.$1")
    [ -n "$value" ] || value=$(setting "install.$1")
    [ -n "$value" ] || value=$(setting "global.$1")
    printf '%s' "$value" | tr '\n' ' '
}
with_uv() {
    "${pip[@]}" install --quiet uv || return 1
    local index extra links certificate
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
        "$directory/bin/uv" pip install --quiet --compile-bytecode --requirements "$requirements"
}

echo "installing the packages of $requirements into $directory (a few minutes the first time)"
# Bytecode is made here once; without it every process would compile what it imports.
unset PYTHONDONTWRITEBYTECODE
with_uv || {
    echo "uv could not do it; trying pip"
    "${pip[@]}" install --quiet --requirement "$requirements"
}
