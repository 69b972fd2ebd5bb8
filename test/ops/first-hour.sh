#!/bin/bash
# Are the first pages of the manual true? `bash test/ops/first-hour.sh [DEB]`: the commands of docs/quick-start.md, word by word, on a fresh
# Debian 12 that has nothing but the package, sudo and curl; then the configuration of nginx that Odoo documents, by docs/moving-from-nginx.md.
# Two servers stand for the nodes that a person has. Prints how long each command runs. It needs what package/tree.sh needs.
set -euo pipefail
deb=${1:-}
set --
. "$(dirname "$(readlink -f "$0")")/package/tree.sh"
# Blocks of commands of a document of the manual; lines that go on are one.
commands_of() { awk '/^ *```sh/ { on = 1; next } /^ *```/ { on = 0 } on' "$root/docs/$1" | sed -e ':a' -e '/\\$/N; s/\\\n *//; ta' -e 's/^ *//'; }

if [ -z "$deb" ]; then
  say 'build'
  deb=$(cd "$root" && npm run --silent package:deb "$work" | tail -1)
fi
plant
cp "$deb" "$tree/root/"
# What apt asks for, a person answers; what it needs is fetched beforehand, as the tree has no way out once it runs.
echo 'APT::Get::Assume-Yes "true";' >"$tree/etc/apt/apt.conf.d/90yes"
cp "$deb" "$tree/vigia.deb"
quietly inside apt-get install --download-only /vigia.deb
rm "$tree/vigia.deb"
start sudo curl iproute2 ca-certificates python3
# sudo asks who this machine is.
echo "127.0.0.1 localhost $(hostname)" >"$tree/etc/hosts"

say 'two nodes'
cat >"$tree/root/node.py" <<'NODE'
import sys, threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
PAGES = {'/web/health': b'{"status": "pass"}', '/web/login': b'login', '/web/database/manager': b'open'}
class Node(BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    server_version = 'Werkzeug/2.0'
    def do_GET(self):
        page = PAGES.get(self.path)
        self.send_response(404 if page is None else 200)
        self.send_header('X-Node', sys.argv[1])
        self.send_header('Content-Length', str(len(page or b'')))
        self.end_headers()
        self.wfile.write(page or b'')
    def log_message(self, *_): pass
for port in (8069, 8072):
    server = ThreadingHTTPServer((sys.argv[1], port), Node)
    threading.Thread(target=server.serve_forever).start()
NODE
for address in 10.0.0.11 10.0.0.12; do
  booted ip address add "$address/32" dev lo
  booted systemd-run --quiet python3 /root/node.py "$address"
done

# follow DOCUMENT [PATTERN]: runs its commands, but for those that the pattern names.
follow() {
  local from count=0
  from=$(date +%s%3N)
  while IFS= read -r line; do
    [ -n "$line" ] || continue
    [ -z "${2:-}" ] || ! [[ $line =~ $2 ]] || { printf '    (not here) %s\n' "$line"; continue; }
    printf '$ %s\n' "$line"
    local begun
    begun=$(date +%s%3N)
    # A status that tells of a node that is out exits with 1.
    booted bash -c "cd /root && $line" </dev/null >"$work/said" 2>&1 || [ "$line" = 'vigia status' ] || { cat "$work/said"; fail "$1: $line"; }
    sed 's/^/    /' "$work/said" | tail -12
    printf '    %s ms\n' "$(($(date +%s%3N) - begun))"
    count=$((count + 1))
  done < <(commands_of "$1")
  say "$1: $count commands ran for $(($(date +%s%3N) - from)) ms"
}

say 'from the package to a balanced ERP with a window planned'
follow quick-start.md
for _ in 1 2 3 4 5 6; do booted curl -si -H 'Host: erp.example.com' http://127.0.0.1/web/login; done | grep -i '^x-node' | sort | uniq -c >"$work/nodes"
[ "$(wc -l <"$work/nodes")" = 2 ] || { cat "$work/nodes"; fail 'not both nodes got requests'; }
booted curl -s -o /dev/null -w '%{http_code}' -H 'Host: erp.example.com' http://127.0.0.1/web/database/manager | grep -q 403 || fail 'the database manager is open'
booted vigia maintenance list | grep -q 'monthly patching' || fail 'there is no window'
say 'the quick start is true'

say 'from the configuration of nginx that Odoo documents'
booted systemctl stop vigia
mkdir -p "$tree/etc/nginx/sites-enabled"
sed 's/127\.0\.0\.1:/10.0.0.11:/' "$root/test/unit/commands/convert/inputs/odoo.nginx.conf" >"$tree/etc/nginx/sites-enabled/odoo"
# nginx reads them as root; the manual says that vigia must be able to.
mkdir "$tree/tls"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj /CN=erp.example.com \
  -addext subjectAltName=DNS:erp.example.com -keyout "$tree/tls/node.key" -out "$tree/tls/node.crt" 2>"$work/log"
inside chgrp vigia /tls/node.key
chmod 640 "$tree/tls/node.key"
follow moving-from-nginx.md '^(sudo systemctl|curl|vigia status)'
# Step 3: ports beside nginx.
sed -i 's/:80"/:8080"/; s/:443"/:8443"/' "$tree/etc/vigia/vigia.yaml"
grep -n 'address:' "$tree/etc/vigia/vigia.yaml"
follow moving-from-nginx.md '^sudo vigia convert'
booted curl -sik --resolve erp.example.com:8443:127.0.0.1 https://erp.example.com:8443/web/login | tee "$work/said" | head -3
grep -qi '^x-node' "$work/said" || fail 'no node was reached over TLS'
say 'moving from nginx is true'
