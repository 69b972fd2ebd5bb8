#!/bin/bash
# Runs inside the booted Debian (run.sh): vigia as a service.
set -euo pipefail
node=/usr/lib/vigia/runtime/node
fail() { printf 'package: %s\n' "$*" >&2; journalctl -u vigia -n 30 --no-pager -o cat >&2; exit 1; }
say() { printf -- '--> %s\n' "$*"; }
within() { for _ in $(seq 600); do "$@" && return; sleep 0.1; done; return 1; }
get() { "$node" -e 'fetch(process.argv[1]).then(r => r.text()).then(console.log, e => { console.error(e.cause?.code ?? e); process.exit(1) })' "$1"; }
field() { systemctl show --property="$1" --value vigia.service; }
# Clients while the rest of the line is carried out; prints what they met.
meanwhile() {
  rm -f /tmp/enough
  "$node" /clients.mjs 80 /tmp/enough >/tmp/met &
  "$@" || fail "$*"
  touch /tmp/enough
  wait "$!"
  cat /tmp/met
}

systemd-run --quiet --unit=erp "$node" -e "require('http').createServer((q, s) => s.end('served')).listen(8069, '127.0.0.1')"
within get http://127.0.0.1:8069/ >/dev/null || fail 'there is no upstream'

say 'not started by itself; started, it listens when systemctl comes back'
[ "$(systemctl is-active vigia.service)" = inactive ] || fail 'it runs already'
systemctl enable --now --quiet vigia.service
[ "$(get http://127.0.0.1/)" = served ] || fail 'no answer'
vigia status
vigia healthcheck --ready
[ "$(stat -c %U "/proc/$(field MainPID)")" = vigia ] || fail 'it does not run as vigia'
grep -q 'CapEff:.*0000000000000400' "/proc/$(field MainPID)/status" || fail 'it has other capabilities than CAP_NET_BIND_SERVICE'
[ "$(sysctl -n net.ipv4.tcp_migrate_req)" = 1 ] || fail 'tcp_migrate_req is not set'

say 'hardened'
systemd-analyze security --no-pager --threshold=20 vigia.service | tail -1

say 'a reload, and a rotation of its log'
systemctl reload vigia.service
reloaded() { journalctl -u vigia -o cat | grep -q 'says what is in use already'; }
within reloaded || fail 'it did not read its configuration again'
get http://127.0.0.1/ >/dev/null
within test -s /var/log/vigia/access.log || fail 'no access log'
logrotate --force /etc/logrotate.d/vigia
test -s /var/log/vigia/access.log.1 || fail 'it was not rotated'
logged() { get http://127.0.0.1/ >/dev/null && test -s /var/log/vigia/access.log; }
within logged || fail 'nothing is logged after the rotation'

say 'the watchdog is fed, and ends it where it stands still'
mkdir -p /etc/systemd/system/vigia.service.d
printf '[Service]\nWatchdogSec=6s\n' >/etc/systemd/system/vigia.service.d/test.conf
systemctl daemon-reload
systemctl restart vigia.service
# Longer than the watchdog waits.
sleep 15
[ "$(field NRestarts)" = 0 ] || fail 'the watchdog ended a vigia that lives'
kill -STOP "$(field MainPID)"
restarted() { [ "$(field NRestarts)" = 1 ] && [ "$(field ActiveState)" = active ]; }
within restarted || fail 'the watchdog did not end a vigia that stands still'
rm -r /etc/systemd/system/vigia.service.d
systemctl daemon-reload

say 'a restart without and with vigia.socket'
printf 'without: '; meanwhile systemctl restart vigia.service
systemctl stop vigia.service
systemctl enable --now --quiet vigia.socket
systemctl start vigia.service
printf 'with:    '; meanwhile systemctl restart vigia.service
grep -q '"refused":0,"broken":0' /tmp/met || fail 'a restart refused somebody'
before=$(field MainPID)
again() { [ "$(field MainPID)" != "$before" ] && [ "$(field ActiveState)" = active ]; }
crash() { kill -KILL "$before" && within again; }
printf 'a crash: '; meanwhile crash
grep -q '"refused":0' /tmp/met || fail 'a crash refused somebody'

say 'upgrade: the configuration stays, the service restarts'
echo '# mine' >>/etc/vigia/vigia.yaml
before=$(field MainPID)
printf 'upgrade: '; meanwhile env DEBIAN_FRONTEND=noninteractive dpkg --force-confold -i /next.deb >/tmp/dpkg.log 2>&1 || { cat /tmp/dpkg.log; fail upgrade; }
tail -1 /tmp/met
grep -q '"refused":0' /tmp/met || fail 'the upgrade refused somebody'
tail -1 /etc/vigia/vigia.yaml | grep -qx '# mine' || fail 'the configuration was overwritten'
[ "$(field MainPID)" != "$before" ] || fail 'the old one still runs'
[ "$(get http://127.0.0.1/)" = served ] || fail 'no answer after the upgrade'

say 'a backup that root restores where there is nothing: the service takes it'
vigia backup /tmp/vigia.db --store /var/lib/vigia/vigia.db >/dev/null
systemctl stop vigia.socket vigia.service
rm -r /var/lib/vigia
install -d -o vigia -g vigia -m 0750 /var/lib/vigia
vigia restore /tmp/vigia.db --store /var/lib/vigia/vigia.db --verify >/dev/null
systemctl start vigia.service
vigia audit --limit 3 | grep -q store.restore || fail 'the audit does not name the restore'
[ -z "$(find /var/lib/vigia -user root)" ] || fail 'files of the store belong to root'

say 'remove: the configuration stays; purge: nothing does'
cp "$node" /tmp/node
dpkg --remove vigia >/dev/null
! systemctl --quiet is-active vigia.service || fail 'it still runs'
! systemctl --quiet is-active vigia.socket || fail 'its socket still listens'
test -e /etc/vigia/vigia.yaml || fail 'the configuration is gone'
test -e /var/lib/vigia/vigia.db || fail 'the store is gone'
dpkg --purge vigia >/dev/null
left=$(find / -xdev -name '*vigia*' -not -path '/proc/*' -not -path '/sys/*' -not -path '/run/*' -not -path '/tmp/*' -not -path /vigia.deb -not -path '/var/lib/systemd/*')
[ -z "$left" ] || fail "left behind: $left"
