# Sourced by run.sh, tarball.sh and ../first-hour.sh: a fresh Debian 12 in $tree, booted with a systemd and a network of its own. It needs
# root and Debian's mirror. Nothing outside of $work is touched; the tree as debootstrap makes it is kept for the next run.
here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
root=$(cd "$here/../../.." && pwd)
export PATH="$root/node_modules/.bin:/usr/sbin:/sbin:$PATH" DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8
fail() { printf 'package: %s\n' "$*" >&2; exit 1; }
say() { printf -- '--> %s\n' "$*"; }
for program in debootstrap unshare nsenter dpkg-deb "$@"; do
  command -v "$program" >/dev/null || fail "$program is missing: apt-get install --no-install-recommends debootstrap $*"
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
inside() { env -u NODE_EXTRA_CA_CERTS chroot "$tree" "$@"; }
booted() { env -u NODE_EXTRA_CA_CERTS nsenter --target "$boot" --all "$@"; }
quietly() { "$@" >"$work/log" 2>&1 || { cat "$work/log" >&2; fail "$*"; }; }

# Fills $tree; programs may be run in it by `inside` until it boots.
plant() {
  say 'a fresh Debian 12'
  local base=/var/tmp/vigia-debian12-base
  [ -e "$base/etc/debian_version" ] || debootstrap --variant=minbase bookworm "$base" >"$work/debootstrap.log"
  cp -a "$base" "$tree"
  mount -t proc proc "$tree/proc"
  quietly inside apt-get update
}

# From here on `booted` runs programs in it; it has no network but its own.
start() {
  quietly inside apt-get install -y --no-install-recommends systemd systemd-sysv dbus logrotate procps "$@"
  umount "$tree/proc"
  say 'boot'
  unshare --pid --mount --net --uts --ipc --cgroup --fork --kill-child bash "$here/boot.sh" "$tree" </dev/null >"$work/boot.log" 2>&1 &
  for _ in $(seq 300); do
    boot=$(pgrep -P "$!" || true)
    [ -n "$boot" ] && [ "$(readlink "/proc/$boot/exe")" = /usr/lib/systemd/systemd ] && break
    sleep 0.2
  done
  for _ in $(seq 300); do
    state=$(booted systemctl is-system-running 2>/dev/null || true)
    [ "$state" = running ] || [ "$state" = degraded ] && break
    sleep 0.2
  done
  [ "$state" = running ] || { booted systemctl --failed --no-pager; fail "systemd is $state"; }
}
