#!/bin/bash
# The Debian package on a fresh Debian 12 with a systemd of its own: `bash test/ops/package/run.sh [DEB]`. Installs, starts, is looked at,
# restarts without refusing anybody, upgrades, is removed and purged. Outside of `npm test`: it needs what tree.sh needs, lintian, and
# some minutes.
set -euo pipefail
deb=${1:-}
set -- lintian
. "$(dirname "$(readlink -f "$0")")/tree.sh"

if [ -z "$deb" ]; then
  say 'build'
  deb=$(cd "$root" && npm run --silent package:deb "$work" | tail -1)
fi
# Takes its time, beside everything else.
lintian --allow-root --fail-on error "$deb" >"$work/lintian" 2>&1 &
lintian=$!

plant
cp "$deb" "$tree/vigia.deb"
say 'install, where nothing else is'
quietly inside apt-get install -y --no-install-recommends /vigia.deb
inside vigia --version
inside vigia check --strict -c /etc/vigia/vigia.yaml
[ "$(inside stat -c '%U:%G %a' /etc/vigia/vigia.yaml)" = 'root:vigia 640' ] || fail 'the configuration is not for root and vigia alone'
inside id vigia
start

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
