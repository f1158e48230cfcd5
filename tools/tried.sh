#!/usr/bin/env bash
# What is built as a user meets it, each in an environment of its own, outside of the checkout: a wheel, or a source
# distribution, from which pip builds one. A film is rendered, a manifest built and checked there.
#
#     tools/tried.sh dist/*
set -euo pipefail

[ $# -gt 0 ] || { echo "usage: tried.sh WHEEL|SDIST…" >&2; exit 2; }
folder=$(mktemp -d)
trap 'rm -rf -- "$folder"' EXIT
unset PYTHONPATH

tried() { # FILE, by its full path; here is an empty folder
  "${PYTHON:-python3}" -m venv own
  own/bin/pip install --quiet --disable-pip-version-check "$1"
  own/bin/layeranim --version
  own/bin/layeranim render conv --stride 2 --quiet -o film.mp4 -o film.gif -o film.html
  own/bin/layeranim init
  own/bin/layeranim build --quiet
  own/bin/layeranim check
  own/bin/python -c 'import layeranim as la; print(la.trace("dense"))'
  ls -l film.*
}

for built in "$@"; do
  [ -f "$built" ] || { echo "tried.sh: there is no file $built" >&2; exit 2; }
  path=$(cd -- "$(dirname -- "$built")" && pwd -P)/$(basename -- "$built")
  mkdir -- "$folder/$(basename -- "$built")"
  (
    cd -- "$folder/$(basename -- "$built")"
    tried "$path"
  )
done
