#!/usr/bin/env bash
# A TLS handshake probe against a server that requires client certificates.
#
# Guess:  a TLS client without a certificate fails the handshake at a server that requires one; so a probe that only opens
#         a TLS connection tells whether such a server would take the balancer.
# Really: it depends on the TLS version and on the server. TLS 1.2: HAProxy and stunnel fail the handshake. TLS 1.3: the client's handshake is
#         complete before the server has looked for its certificate (RFC 8446 4.4.2.4, figure 1): Node says `secureConnect`, authorized, and the
#         alert 116 (certificate required) comes with the first read. nginx completes both handshakes and answers 400 over HTTP.
#         So a probe that ends at the handshake is green for TLS 1.3 (the default) although every request would fail, and red for 1.2.
# Matters: a `tcp` probe over TLS proves nothing about client certificates: an HTTP probe, or a read after the handshake, does.
# Versions: Debian 12 haproxy 2.6.12, nginx 1.22.1, stunnel4 5.68; npm node 26.10.0
set -euo pipefail
WORK=$(mktemp -d)
pids=()
trap 'for p in "${pids[@]}"; do kill "$p" 2>/dev/null || true; done; wait 2>/dev/null || true; rm -rf "$WORK"' EXIT
cd "$WORK"
chmod 755 "$WORK"

deb() { # deb NAME=VERSION...: unpacked here, not installed
  apt-get download "$@" >/dev/null 2>&1
  for file in ./*.deb; do dpkg-deb -x "$file" root; rm "$file"; done
}
mkdir npm
echo '{ "private": true, "allowScripts": { "node": true } }' >npm/package.json
npm install --silent --prefix npm node@26.10.0 >npm.log 2>&1
deb haproxy=2.6.12-1+deb12u4 nginx=1.22.1-9+deb12u11 stunnel4=3:5.68-2+deb12u1 liblua5.3-0 libwrap0 libpcre2-8-0 libopentracing-c-wrapper0 libopentracing1
export LD_LIBRARY_PATH="$WORK/root/usr/lib/x86_64-linux-gnu:$WORK/root/lib/x86_64-linux-gnu"
node() { env -u LD_LIBRARY_PATH "$WORK/npm/node_modules/.bin/node" "$@"; }

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout key.pem -out cert.pem -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost 2>/dev/null
cat cert.pem key.pem >both.pem
P=$((20000 + RANDOM % 20000))

cat >haproxy.cfg <<CFG
defaults
  mode http
  timeout client 5s
  timeout server 5s
  timeout connect 1s
frontend f
  bind 127.0.0.1:$P ssl crt $WORK/both.pem ca-file $WORK/cert.pem verify required
  http-request return status 200 content-type text/plain string hello
CFG
root/usr/sbin/haproxy -f haproxy.cfg -db >haproxy.log 2>&1 & pids+=($!)
mkdir -p nginx
cat >nginx.conf <<CFG
pid $WORK/nginx/pid; error_log $WORK/nginx/error.log; daemon off; worker_processes 1;
events {}
http { access_log off; client_body_temp_path nginx/a; proxy_temp_path nginx/b; fastcgi_temp_path nginx/c; uwsgi_temp_path nginx/d; scgi_temp_path nginx/e;
  server { listen 127.0.0.1:$((P + 1)) ssl; ssl_protocols TLSv1.2 TLSv1.3; ssl_certificate $WORK/cert.pem; ssl_certificate_key $WORK/key.pem; ssl_client_certificate $WORK/cert.pem; ssl_verify_client on;
    location / { return 200 hello; } } }
CFG
root/usr/sbin/nginx -p "$WORK" -c nginx.conf >nginx.log 2>&1 & pids+=($!)
cat >stunnel.conf <<CFG
foreground = yes
pid =
[s]
accept = 127.0.0.1:$((P + 2))
connect = 127.0.0.1:$((P + 3))
cert = $WORK/both.pem
CAfile = $WORK/cert.pem
verifyPeer = yes
CFG
root/usr/bin/stunnel4 stunnel.conf >stunnel.log 2>&1 & pids+=($!)

cat >probe.mjs <<'JS'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { readFileSync } from 'node:fs'
import { connect } from 'node:tls'
const [base, cert, key] = [Number(process.argv[2]), readFileSync('cert.pem'), readFileSync('key.pem')]
createServer((_, reply) => reply.end('hello')).listen(base + 3, '127.0.0.1')
async function ask(port, version, own) {
  const socket = connect({ host: '127.0.0.1', port, servername: 'localhost', ca: cert, minVersion: version, maxVersion: version, ...(own ? { cert, key } : {}) })
  let handshake = 'failed', text = '', error = ''
  socket.on('secureConnect', () => { handshake = `complete, authorized ${socket.authorized}`; socket.write('GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n') })
  socket.on('data', chunk => (text += chunk))
  socket.on('error', e => (error = e.code))
  socket.setTimeout(4000, () => socket.destroy())
  await once(socket, 'close').catch(() => {})
  return `${handshake}; then ${text.split('\r\n')[0] || error || 'nothing'}`
}
for (const [name, port] of [['haproxy', base], ['nginx', base + 1], ['stunnel', base + 2]])
  for (const version of ['TLSv1.2', 'TLSv1.3'])
    for (const own of [true, false])
      console.log(`${name} ${version} ${own ? 'with' : 'without'}: ${await ask(port, version, own)}`)
process.exit(0)
JS
for _ in $(seq 100); do
  for q in $P $((P + 1)) $((P + 2)); do (exec 3<>/dev/tcp/127.0.0.1/$q) 2>/dev/null || { sleep 0.1; continue 2; }; done; break
done
node probe.mjs "$P" | tee seen.txt
cat >expected.txt <<'OUT'
haproxy TLSv1.2 with: complete, authorized true; then HTTP/1.1 200 OK
haproxy TLSv1.2 without: failed; then ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE
haproxy TLSv1.3 with: complete, authorized true; then HTTP/1.1 200 OK
haproxy TLSv1.3 without: complete, authorized true; then ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED
nginx TLSv1.2 with: complete, authorized true; then HTTP/1.1 200 OK
nginx TLSv1.2 without: complete, authorized true; then HTTP/1.1 400 Bad Request
nginx TLSv1.3 with: complete, authorized true; then HTTP/1.1 200 OK
nginx TLSv1.3 without: complete, authorized true; then HTTP/1.1 400 Bad Request
stunnel TLSv1.2 with: complete, authorized true; then HTTP/1.1 200 OK
stunnel TLSv1.2 without: failed; then ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE
stunnel TLSv1.3 with: complete, authorized true; then HTTP/1.1 200 OK
stunnel TLSv1.3 without: complete, authorized true; then ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED
OUT
diff expected.txt seen.txt && echo 'as it was found'
