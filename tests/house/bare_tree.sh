#!/usr/bin/env bash
# The proof that `run` needs nothing but a bare machine: a Debian of essential packages alone (no Python, no compiler),
# this repository inside it in a folder with a space, and a command run there.
#
#     sudo tests/house/bare_tree.sh FOLDER [SUITE] -- ./run demo
#
# FOLDER is made by debootstrap when it is empty and kept afterwards: the next call runs on a machine that is set up.
# SUITE is a Debian release, by default this machine's own. How this machine reaches the registries (resolver,
# certificates, proxies, an index of its own) is copied in: that belongs to the machine, not to the repository.
set -euo pipefail

usage() {
  echo "usage: bare_tree.sh FOLDER [SUITE] -- COMMAND…" >&2
  exit 2
}

[ $# -ge 3 ] || usage
tree=$1
shift
suite=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
if [ "$1" != -- ]; then
  suite=$1
  shift
fi
if [ "$1" != -- ] || [ $# -lt 2 ]; then
  usage
fi
shift

repository=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd -P)
folder="/home/a user/layeranim"
[ -e "$tree/etc/debian_version" ] || debootstrap --variant=minbase "$suite" "$tree" >&2

cp -- /etc/resolv.conf "$tree/etc/resolv.conf"
[ ! -e /etc/apt/apt.conf ] || cp -- /etc/apt/apt.conf "$tree/etc/apt/apt.conf"
# Not at its usual place: the tree's own ca-certificates package would replace it.
authorities=/etc/ssl/machine.pem
install -D -m 644 -- /etc/ssl/certs/ca-certificates.crt "$tree$authorities"
mkdir -p "$tree$folder"
find "$tree$folder" -mindepth 1 -maxdepth 1 ! -name .venv -exec rm -rf -- {} + # what has gone from here goes there too
(cd -- "$repository" && git ls-files -z --cached --others --exclude-standard | tar --null --ignore-failed-read -cf - -T -) |
  tar -xf - -C "$tree$folder"

settings=(
  PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 HOME=/root TERM=dumb
  "PIP_CERT=$authorities"
)
while IFS= read -r setting; do
  settings+=("$setting")
done < <(env | grep -iE '^(pip_(index_url|proxy|default_timeout)|[a-z]+_proxy)=')

# The mounts live in a namespace of their own and go with it.
# shellcheck disable=SC2016 # expanded inside
exec unshare --mount --fork bash -euc '
  mount -t proc proc "$1/proc"
  mount --rbind /dev "$1/dev"
  exec chroot "$@"' bare_tree "$tree" \
  env -i "${settings[@]}" bash -c 'cd -- "$0" && exec "$@"' "$folder" "$@"
