#!/bin/bash
# The tarball for other Linux on a fresh Debian 12 tree with a systemd of its own: `bash test/ops/package/tarball.sh`. install.sh installs,
# again for another version, and takes it off. It needs what tree.sh needs.
set -euo pipefail
set --
. "$(dirname "$(readlink -f "$0")")/tree.sh"
say 'build'
tarball=$(cd "$root" && npm run --silent package:tar "$work" | tail -1)
plant
quietly inside apt-get install -y --no-install-recommends libatomic1 libstdc++6
mkdir "$tree/root/vigia"
tar -xzf "$tarball" -C "$tree/root/vigia" --strip-components 1
start
cat >"$tree/tarball.sh" <<'INSIDE'
set -euo pipefail
fail() { printf 'tarball: %s\n' "$*" >&2; journalctl -u vigia -n 30 --no-pager -o cat >&2; exit 1; }
within() { for _ in $(seq 600); do "$@" && return; sleep 0.1; done; return 1; }
node=/opt/vigia/runtime/node
get() { "$node" -e 'fetch(process.argv[1]).then(r => r.text()).then(console.log, () => process.exit(1))' "$1"; }
systemd-run --quiet --unit=erp /root/vigia/app/runtime/node -e "require('http').createServer((q, s) => s.end('served')).listen(8069, '127.0.0.1')"
sh /root/vigia/install.sh
vigia --version
vigia check -c /etc/vigia/vigia.yaml
[ "$(stat -c '%U:%G %a' /etc/vigia/vigia.yaml)" = 'root:vigia 640' ] || fail 'the configuration is not for root and vigia alone'
systemctl enable --now --quiet vigia
within get http://127.0.0.1:8069/ >/dev/null || fail 'there is no upstream'
[ "$(get http://127.0.0.1/)" = served ] || fail 'no answer'
vigia healthcheck --ready
[ "$(stat -c %U "/proc/$(systemctl show --property=MainPID --value vigia)")" = vigia ] || fail 'it does not run as vigia'

echo '# mine' >>/etc/vigia/vigia.yaml
before=$(systemctl show --property=MainPID --value vigia)
sh /root/vigia/install.sh
[ "$(systemctl show --property=MainPID --value vigia)" != "$before" ] || fail 'the old one still runs'
tail -1 /etc/vigia/vigia.yaml | grep -qx '# mine' || fail 'the configuration was overwritten'
[ "$(get http://127.0.0.1/)" = served ] || fail 'no answer after the upgrade'

sh /root/vigia/install.sh --remove
! systemctl --quiet is-active vigia || fail 'it still runs'
test -e /etc/vigia/vigia.yaml && test -e /var/lib/vigia/vigia.db || fail 'configuration or store are gone'
left=$(find /opt /usr /etc -name '*vigia*' -not -path '/etc/vigia*')
[ -z "$left" ] || fail "left behind: $left"
INSIDE
booted bash /tarball.sh
say 'the tarball installs, runs as a service, upgrades, and goes'
