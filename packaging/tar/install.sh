#!/bin/sh
# Installs vigia from this folder on a Linux with systemd: `sudo sh install.sh`. Again for another version: the configuration stays.
# `sudo sh install.sh --remove` takes it off; the configuration, the logs and the store stay.
# Where to: /opt/vigia, /usr/local/bin/vigia, /etc/vigia/vigia.yaml, /etc/systemd/system, user vigia. PREFIX=/elsewhere puts /elsewhere in front.
set -eu
prefix=${PREFIX:-}
here=$(cd "$(dirname "$0")" && pwd)
system() { [ -z "$prefix" ] && [ -d /run/systemd/system ]; }

if [ "$(id -u)" -ne 0 ] && [ -z "$prefix" ]; then
  echo "install.sh: has to be run as root" >&2
  exit 1
fi
if [ "${1:-}" = --remove ]; then
  if system; then systemctl disable --now vigia.socket vigia.service || true; fi
  rm -rf "$prefix/opt/vigia"
  rm -f "$prefix/usr/local/bin/vigia" "$prefix/etc/sysctl.d/60-vigia.conf" "$prefix/etc/logrotate.d/vigia"
  rm -f "$prefix/etc/systemd/system/vigia.service" "$prefix/etc/systemd/system/vigia.socket"
  rm -f "$prefix/usr/local/share/man/man1/vigia.1" "$prefix/usr/local/share/man/man5/vigia.yaml.5"
  if system; then systemctl daemon-reload; fi
  echo "vigia is gone; /etc/vigia, /var/lib/vigia and /var/log/vigia are still there"
  exit 0
fi
if ! "$here/app/runtime/node" --version >/dev/null; then
  echo "install.sh: the runtime does not start here; it needs glibc 2.28 or newer, libstdc++ and libatomic" >&2
  exit 1
fi
if [ -z "$prefix" ] && ! id vigia >/dev/null 2>&1; then
  useradd --system --user-group --no-create-home --home-dir /var/lib/vigia --shell "$(command -v nologin || echo /bin/false)" vigia
fi

mkdir -p "$prefix/opt" "$prefix/usr/local/bin" "$prefix/etc/systemd/system" "$prefix/etc/sysctl.d" "$prefix/etc/logrotate.d" "$prefix/etc/vigia"
# Beside the old one, then in its place: what runs goes on with what it has loaded until it is started again.
rm -rf "$prefix/opt/vigia.new"
cp -R "$here/app" "$prefix/opt/vigia.new"
rm -rf "$prefix/opt/vigia"
mv "$prefix/opt/vigia.new" "$prefix/opt/vigia"
sed 's#/usr/lib/vigia#/opt/vigia#g' "$here/vigia.sh" >"$prefix/usr/local/bin/vigia"
chmod 755 "$prefix/usr/local/bin/vigia"
for unit in vigia.service vigia.socket; do
  sed 's#/usr/bin/vigia#/usr/local/bin/vigia#' "$here/$unit" >"$prefix/etc/systemd/system/$unit"
done
cp "$here/60-vigia.sysctl" "$prefix/etc/sysctl.d/60-vigia.conf"
cp "$here/logrotate" "$prefix/etc/logrotate.d/vigia"
for page in vigia.1 vigia.yaml.5; do
  mkdir -p "$prefix/usr/local/share/man/man${page##*.}"
  cp "$here/app/dist/man/$page" "$prefix/usr/local/share/man/man${page##*.}/$page"
done
if [ ! -e "$prefix/etc/vigia/vigia.yaml" ]; then
  cp "$here/vigia.yaml" "$prefix/etc/vigia/vigia.yaml"
  if [ -z "$prefix" ]; then chgrp vigia /etc/vigia/vigia.yaml; fi
  chmod 640 "$prefix/etc/vigia/vigia.yaml"
fi
if system; then
  systemctl daemon-reload
  sysctl -q -p /etc/sysctl.d/60-vigia.conf || true
  systemctl try-restart vigia.service
fi
echo "vigia: put the addresses of your ERP into /etc/vigia/vigia.yaml, then: systemctl enable --now vigia"
