#!/usr/bin/env bash
# Make a virtual environment in the checkout and install fastntk into it, editable.
#
#   tools/setup.sh [folder, default .venv] [extras, default all]
#
# Needs Python >= 3.11 (another one than python3: PYTHON=/path/to/python3.12).  Where
# Debian's or Ubuntu's Python comes without its venv package, that is installed first.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
venv="${1:-.venv}"
extras="${2:-all}"

fail() { printf 'setup: %s\n' "$*" >&2; exit 1; }

find_python() {
    local candidate
    for candidate in "${PYTHON:-}" python3 python3.13 python3.12 python3.11 python; do
        if [ -n "$candidate" ] && "$candidate" -c \
            'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            printf '%s' "$candidate"
            return
        fi
    done
    fail "found no Python >= 3.11; install one, or name it: PYTHON=/path/to/python3.12"
}

install_venv_package() {
    local package sudo=""
    package="$("$1" -c 'import sys; print("python3.%d-venv" % sys.version_info[1])')"
    command -v apt-get >/dev/null || fail "$1 has no ensurepip; install $package"
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null || fail "as root: apt-get install $package"
        sudo="sudo"
    fi
    printf 'setup: installing %s\n' "$package"
    $sudo apt-get update -qq
    $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -yqq "$package" >/dev/null
}

if ! "$venv/bin/python" -m pip --version >/dev/null 2>&1; then
    python="$(find_python)"
    "$python" -c 'import ensurepip' 2>/dev/null || install_venv_package "$python"
    "$python" -m venv "$venv"
fi
pip() { "$venv/bin/python" -m pip --disable-pip-version-check --quiet "$@"; }
pip install --upgrade "pip>=25.1" # the first that knows dependency groups
pip install --editable ".[$extras]"
printf 'setup: fastntk is in %s\n' "$venv"
