#!/bin/bash
# The Debian package on a fresh Debian 12 with a systemd of its own: `bash test/ops/package/run.sh [DEB]`. Installs, starts, is looked at,
# restarts without refusing anybody, upgrades, is removed and purged. Outside of `npm test`: it needs root, Debian's mirror and
# `apt-get install --no-install-recommends debootstrap lintian`, and takes some minutes. Nothing outside of its folder is touched.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
root=$(cd "$here/../../.." && pwd)
export PATH="$root/node_modules/.bin:/usr/sbin:/sbin:$PATH" DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8
fail() { printf 'package: %s\n' "$*" >&2; exit 1; }
say() { printf -- '--> %s\n' "$*"; }
for program in debootstrap lintian unshare nsenter dpkg-deb; do
  command -v "$program" >/dev/null || fail "$program is missing: apt-get install --no-install-recommends debootstrap lintian"
done
[ "$(id -u)" = 0 ] || fail 'it has to be run as root'

work=$(mktemp -d /var/tmp/vigia-package-XXXXXX)
tree=$work/debian12
boot=
clean() {
  [ -z "$boot" ] || kill -KILL "$boot" 2>/dev/null || true
  umount "$tree/proc" 2>/dev/null || true
  rm -rf --one-file-system "$work"
}
trap clean EXIT

deb=${1:-}
if [ -z "$deb" ]; then
  say 'build'
  deb=$(cd "$root" && npm run --silent package:deb "$work" | tail -1)
fi
# Takes its time, beside everything else.
lintian --allow-root --fail-on error "$deb" >"$work/lintian" 2>&1 &
lintian=$!

say 'a fresh Debian 12'
base=/var/tmp/vigia-debian12-base
[ -e "$base/etc/debian_version" ] || debootstrap --variant=minbase bookworm "$base" >"$work/debootstrap.log"
cp -a "$base" "$tree"
cp "$deb" "$tree/vigia.deb"
mount -t proc proc "$tree/proc"
inside() { env -u NODE_EXTRA_CA_CERTS chroot "$tree" "$@"; }
quietly() { "$@" >"$work/log" 2>&1 || { cat "$work/log" >&2; fail "$*"; }; }

say 'install, where nothing else is'
quietly inside apt-get update
quietly inside apt-get install -y --no-install-recommends /vigia.deb
inside vigia --version
inside vigia check -c /etc/vigia/vigia.yaml
[ "$(inside stat -c '%U:%G %a' /etc/vigia/vigia.yaml)" = 'root:vigia 640' ] || fail 'the configuration is not for root and vigia alone'
inside id vigia
quietly inside apt-get install -y --no-install-recommends systemd systemd-sysv dbus logrotate procps
umount "$tree/proc"

say 'boot'
unshare --pid --mount --net --uts --ipc --cgroup --fork --kill-child bash "$here/boot.sh" "$tree" </dev/null >"$work/boot.log" 2>&1 &
for _ in $(seq 300); do
  boot=$(pgrep -P "$!" || true)
  [ -n "$boot" ] && [ "$(readlink "/proc/$boot/exe")" = /usr/lib/systemd/systemd ] && break
  sleep 0.2
done
booted() { env -u NODE_EXTRA_CA_CERTS nsenter --target "$boot" --all "$@"; }
for _ in $(seq 300); do
  state=$(booted systemctl is-system-running 2>/dev/null || true)
  [ "$state" = running ] || [ "$state" = degraded ] && break
  sleep 0.2
done
[ "$state" = running ] || { booted systemctl --failed --no-pager; fail "systemd is $state"; }

# The next version: another number, and another example in the configuration.
dpkg-deb -R "$deb" "$work/next"
sed -i 's/^Version: .*/Version: 9.9.9/' "$work/next/DEBIAN/control"
sed -i 's/8069/8070/' "$work/next/etc/vigia/vigia.yaml"
dpkg-deb --root-owner-group -Znone --build "$work/next" "$tree/next.deb" >/dev/null
cp "$here/service.sh" "$here/clients.mjs" "$tree/"
booted bash /service.sh
say "lintian: $deb"
wait "$lintian" || { cat "$work/lintian"; fail 'lintian finds errors'; }
say 'the package installs, runs as a service, restarts without refusing anybody, upgrades, and goes'
