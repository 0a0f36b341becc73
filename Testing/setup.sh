#!/bin/sh
# Make .venv with the pinned packages, and see that the system libraries are there. Root or not; safe to run again.
set -eu
cd "$(dirname "$0")/.."

fail() { echo "setup: $*" >&2; exit 2; }

as_root() { [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; }

python=""
for candidate in "${PYTHON:-python3}" python3.13 python3.12 python3.11; do
    if command -v "$candidate" >/dev/null &&
        "$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; then
        python=$candidate
        break
    fi
done
if [ -z "$python" ] && as_root; then
    apt-get update -qq && apt-get install -y -qq python3 python3-venv >/dev/null
    python=python3
fi
[ -n "$python" ] || fail "Python 3.11, 3.12 or 3.13 is needed; on Debian: apt-get install python3 python3-venv"
"$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' ||
    fail "$("$python" --version) is not supported: Python 3.11, 3.12 or 3.13 is needed (PYTHON=... chooses one)"

if ! "$python" -c 'import ensurepip' 2>/dev/null; then
    package="python$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')-venv"
    as_root || fail "Python's venv module is missing; on Debian: apt-get install $package"
    apt-get update -qq && apt-get install -y -qq "$package" >/dev/null
fi

if [ ! -x .venv/bin/python ]; then
    rm -rf .venv
    "$python" -m venv .venv
fi
echo "Installing the Python packages of requirements.txt into .venv ..."
.venv/bin/python -m pip install --quiet --disable-pip-version-check -r requirements.txt ||
    fail "the packages of requirements.txt could not be installed (is there a network?)"
.venv/bin/python Testing/system_libraries.py
touch .venv/ready
