#!/usr/bin/env bash
# A server of node:tls that trusts an intermediate authority alone (allowPartialTrustChain), with and without that authority's revocation list.
#
# Guess:  allowPartialTrustChain is an option of createSecureContext, and tls.createServer takes all of those; with the one authority trusted, its one revocation
#         list is all that there is to look up.
# Really: tls.createServer drops the option without a word: the same clients are UNABLE_TO_GET_ISSUER_CERT there, and authorized where a TLSSocket gets the context.
#         Client side (tls.connect) it counts. With a list of the trusted authority every client is refused as UNABLE_TO_GET_CRL, revoked or not: a list is wanted for each
#         authority of the chain, so for the one above too, which is not trusted and need not be known. The same lists with the root beside work.
# Matters: client certificates of a department's own sub-authority can't be revoked by its list alone; whoever sets both sees good clients refused, and finds nothing
#          wrong with the list. Trust the root as well and give both lists, or look the serial up oneself.
# Versions: npm node 26.10.0 (its own OpenSSL); certificates made with Debian 12 openssl 3.0
set -euo pipefail
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
cd "$WORK"

echo '{ "private": true, "allowScripts": { "node": true } }' >package.json
npm install --silent node@26.10.0 >npm.log 2>&1
printf '[ca]\ndefault_ca = it\n[it]\ndatabase = index.txt\ncrlnumber = crlnumber\ndefault_md = sha256\ndefault_crl_days = 30\n' >ca.cnf
: >index.txt
echo 01 >crlnumber
new() { openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$1.key" -subj "/CN=$1" "${@:2}" 2>/dev/null; }
list() { openssl ca -config ca.cnf -gencrl -cert "$1.pem" -keyfile "$1.key" -out "$1.crl" 2>/dev/null; }
new root -x509 -days 30 -out root.pem -addext keyUsage=keyCertSign,cRLSign
new department -out department.csr
openssl x509 -req -in department.csr -CA root.pem -CAkey root.key -set_serial 2 -days 20 -out department.pem \
  -extfile <(printf 'basicConstraints=critical,CA:TRUE\nkeyUsage=keyCertSign,cRLSign\nsubjectKeyIdentifier=hash') 2>/dev/null
new till -out till.csr
openssl x509 -req -in till.csr -CA department.pem -CAkey department.key -set_serial 3 -days 20 -out till.pem -extfile <(printf 'basicConstraints=CA:FALSE') 2>/dev/null
new server -x509 -days 20 -out server.pem
list root
list department

cat >partial.mjs <<'JS'
import { once } from 'node:events'
import { readFileSync as read } from 'node:fs'
import net from 'node:net'
import tls from 'node:tls'
const own = { cert: read('server.pem'), key: read('server.key') }
const till = { cert: read('till.pem'), key: read('till.key') }
const asks = { requestCert: true, rejectUnauthorized: false }
const HOW = {
  'tls.createServer': (options, tell) => tls.createServer({ ...own, ...asks, ...options }, socket => tell(socket.authorizationError)),
  'TLSSocket with secureContext': (options, tell) =>
    net.createServer(raw => {
      const secureContext = tls.createSecureContext({ ...own, ...options })
      const socket = new tls.TLSSocket(raw, { isServer: true, ...asks, secureContext })
      socket.on('secure', () => tell(socket.ssl.verifyError()?.code)).on('error', () => {})
    }),
}
const department = { ca: read('department.pem'), allowPartialTrustChain: true }
const OPTIONS = {
  'department trusted': department,
  'department trusted, its list': { ...department, crl: read('department.crl') },
  'root and department trusted, both lists': { ca: [read('root.pem'), read('department.pem')], crl: [read('root.crl'), read('department.crl')] },
}
for (const [name, options] of Object.entries(OPTIONS))
  for (const [how, make] of Object.entries(HOW)) {
    const { promise, resolve } = Promise.withResolvers()
    const server = make(options, resolve)
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const client = tls.connect({ port: server.address().port, host: '127.0.0.1', rejectUnauthorized: false, ...till }).on('error', () => {})
    console.log(`${name}; ${how}: ${(await promise) ?? 'authorized'}`)
    client.destroy()
    server.close()
  }
const server = tls.createServer(till).on('tlsClientError', () => {})
await once(server.listen(0, '127.0.0.1'), 'listening')
const client = tls.connect({ port: server.address().port, host: '127.0.0.1', checkServerIdentity: () => undefined, ...department })
client.on('error', ({ code }) => console.log(`department trusted; tls.connect: ${code}`))
client.on('secureConnect', () => {
  console.log('department trusted; tls.connect: authorized')
  client.destroy()
})
client.on('close', () => server.close())
JS
./node_modules/.bin/node partial.mjs | tee seen.txt
diff seen.txt - <<'SEEN'
department trusted; tls.createServer: UNABLE_TO_GET_ISSUER_CERT
department trusted; TLSSocket with secureContext: authorized
department trusted, its list; tls.createServer: UNABLE_TO_GET_CRL
department trusted, its list; TLSSocket with secureContext: UNABLE_TO_GET_CRL
root and department trusted, both lists; tls.createServer: authorized
root and department trusted, both lists; TLSSocket with secureContext: authorized
department trusted; tls.connect: authorized
SEEN
