#!/usr/bin/env bash
# A SecureContext of Node with two certificates for one name (ECDSA and RSA), answered by an SNICallback.
#
# Guess:  node:tls takes several pairs (cert: [..], key: [..]) so that each client gets the kind that it can verify; a context is a context, so it serves
#         both kinds whether it is the server's own or comes from SNICallback or addContext().
# Really: as the server's own options and as TLSSocket's secureContext both kinds are served. Through SNICallback or addContext() the one that stands LAST is the
#         only one: a client that takes only the other kind gets handshake_failure, in TLS 1.2 and 1.3, even if the server's own options have both as well.
# Matters: a server with many names can't offer ECDSA with RSA for old clients by SNICallback; it fails for those clients alone, without an error before, and
#          swapping the two moves it to the others. Reading the name first and giving each TLSSocket its own context works.
# Versions: npm node 26.10.0 (its own OpenSSL)
set -euo pipefail
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
cd "$WORK"

echo '{ "private": true, "allowScripts": { "node": true } }' >package.json
npm install --silent node@26.10.0 >npm.log 2>&1
new() { openssl req -x509 -newkey "$@" -nodes -keyout "$kind.key" -out "$kind.pem" -days 2 -subj /CN=a.test -addext subjectAltName=DNS:a.test 2>/dev/null; }
kind=ecdsa; new ec -pkeyopt ec_paramgen_curve:prime256v1
kind=rsa; new rsa:2048

cat >kinds.mjs <<'JS'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import net from 'node:net'
import tls from 'node:tls'
const SIGNATURES = { ecdsa: 'ecdsa_secp256r1_sha256', rsa: 'rsa_pss_rsae_sha256:RSA+SHA256' }
function ask(port, version, kind) {
  const client = tls.connect({ port, host: '127.0.0.1', servername: 'a.test', rejectUnauthorized: false, minVersion: version, maxVersion: version, sigalgs: SIGNATURES[kind] })
  return new Promise(tell => {
    client.on('error', error => tell(error.code.replace(/^.*ALERT_/, 'alert ')))
    client.on('secureConnect', () => {
      tell(client.getPeerX509Certificate().publicKey.asymmetricKeyType)
      client.destroy()
    })
  })
}
for (const order of [['ecdsa', 'rsa'], ['rsa', 'ecdsa']]) {
  const read = ending => order.map(kind => readFileSync(kind + ending))
  const pairs = { cert: read('.pem'), key: read('.key') }
  const context = tls.createSecureContext(pairs)
  const SNICallback = (_, done) => done(null, context)
  const added = tls.createServer()
  added.addContext('a.test', pairs)
  const quiet = socket => socket.on('error', () => {})
  const ways = {
    'own options': tls.createServer(pairs),
    'TLSSocket with secureContext': net.createServer(raw => quiet(new tls.TLSSocket(quiet(raw), { isServer: true, secureContext: context }))),
    SNICallback: tls.createServer({ SNICallback }),
    'own options and SNICallback': tls.createServer({ ...pairs, SNICallback }),
    'addContext': added
  }
  for (const [way, server] of Object.entries(ways)) {
    server.on('secureConnection', quiet).listen(0, '127.0.0.1')
    await once(server, 'listening')
    for (const version of ['TLSv1.2', 'TLSv1.3']) {
      const got = []
      for (const kind of ['ecdsa', 'rsa']) got.push(`takes ${kind}: ${await ask(server.address().port, version, kind)}`)
      console.log(`${order.join(', ')}; ${way}; ${version}; ${got.join('; ')}`)
    }
    server.close()
  }
}
process.exit(0)
JS
node_modules/.bin/node kinds.mjs | tee seen.txt
cat >expected.txt <<'OUT'
ecdsa, rsa; own options; TLSv1.2; takes ecdsa: ec; takes rsa: rsa
ecdsa, rsa; own options; TLSv1.3; takes ecdsa: ec; takes rsa: rsa
ecdsa, rsa; TLSSocket with secureContext; TLSv1.2; takes ecdsa: ec; takes rsa: rsa
ecdsa, rsa; TLSSocket with secureContext; TLSv1.3; takes ecdsa: ec; takes rsa: rsa
ecdsa, rsa; SNICallback; TLSv1.2; takes ecdsa: alert HANDSHAKE_FAILURE; takes rsa: rsa
ecdsa, rsa; SNICallback; TLSv1.3; takes ecdsa: alert HANDSHAKE_FAILURE; takes rsa: rsa
ecdsa, rsa; own options and SNICallback; TLSv1.2; takes ecdsa: alert HANDSHAKE_FAILURE; takes rsa: rsa
ecdsa, rsa; own options and SNICallback; TLSv1.3; takes ecdsa: alert HANDSHAKE_FAILURE; takes rsa: rsa
ecdsa, rsa; addContext; TLSv1.2; takes ecdsa: alert HANDSHAKE_FAILURE; takes rsa: rsa
ecdsa, rsa; addContext; TLSv1.3; takes ecdsa: alert HANDSHAKE_FAILURE; takes rsa: rsa
rsa, ecdsa; own options; TLSv1.2; takes ecdsa: ec; takes rsa: rsa
rsa, ecdsa; own options; TLSv1.3; takes ecdsa: ec; takes rsa: rsa
rsa, ecdsa; TLSSocket with secureContext; TLSv1.2; takes ecdsa: ec; takes rsa: rsa
rsa, ecdsa; TLSSocket with secureContext; TLSv1.3; takes ecdsa: ec; takes rsa: rsa
rsa, ecdsa; SNICallback; TLSv1.2; takes ecdsa: ec; takes rsa: alert HANDSHAKE_FAILURE
rsa, ecdsa; SNICallback; TLSv1.3; takes ecdsa: ec; takes rsa: alert HANDSHAKE_FAILURE
rsa, ecdsa; own options and SNICallback; TLSv1.2; takes ecdsa: ec; takes rsa: alert HANDSHAKE_FAILURE
rsa, ecdsa; own options and SNICallback; TLSv1.3; takes ecdsa: ec; takes rsa: alert HANDSHAKE_FAILURE
rsa, ecdsa; addContext; TLSv1.2; takes ecdsa: ec; takes rsa: alert HANDSHAKE_FAILURE
rsa, ecdsa; addContext; TLSv1.3; takes ecdsa: ec; takes rsa: alert HANDSHAKE_FAILURE
OUT
diff expected.txt seen.txt && echo 'as it was found'
