# Sourced by every finding: works in a temporary folder that is gone in the end, with packages of its own.
set -euo pipefail
PYTHONPATH=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd) # graphs.py
export PYTHONPATH PYTHONDONTWRITEBYTECODE=1
folder=$(mktemp -d)
trap 'rm -rf -- "$folder"' EXIT
cd -- "$folder"

packages() { # NAME==VERSION…: what `python` runs with from here on
  "${PYTHON:-python3}" -m venv venv
  venv/bin/python -m pip install --quiet --disable-pip-version-check "$@"
  PATH=$folder/venv/bin:$PATH
}

node_packages() { # NAME@VERSION…: what `node` and its programs find from here on
  echo '{"private": true, "type": "module"}' >package.json
  npm install --silent --no-audit --no-fund "$@"
  PATH=$folder/node_modules/.bin:$PATH
}

seen() { # WHAT WAS SEEN WHEN THIS WAS WRITTEN: compared with standard input; the finding fails where they differ
  diff -u --label "seen then" <(printf '%s\n' "$1") --label "seen now" - && echo "${0##*/}: still so"
}
