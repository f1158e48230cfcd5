#!/usr/bin/env bash
# A wheel as a user meets it: installed into an environment of its own, outside of the checkout; a film is rendered, a
# manifest built and checked there.
#
#     tools/tried.sh dist/layeranim-0.2.0-py3-none-any.whl
set -euo pipefail

[ $# -eq 1 ] && [ -f "$1" ] || { echo "usage: tried.sh WHEEL" >&2; exit 2; }
wheel=$(cd -- "$(dirname -- "$1")" && pwd -P)/$(basename -- "$1")
folder=$(mktemp -d)
trap 'rm -rf -- "$folder"' EXIT
cd -- "$folder"
unset PYTHONPATH
"${PYTHON:-python3}" -m venv own
own/bin/pip install --quiet --disable-pip-version-check "$wheel"
own/bin/layeranim --version
own/bin/layeranim render conv --stride 2 --quiet -o film.mp4 -o film.gif -o film.html
own/bin/layeranim init
own/bin/layeranim build --quiet
own/bin/layeranim check
own/bin/python -c 'import layeranim as la; print(la.trace("dense"))'
ls -l film.*
