#!/usr/bin/env bash
# What a paused socket of Node hears when its peer resets the connection.
#
# Guess:  pause() stops reading, so a paused socket hears of a reset when it is resumed or written to, for plain TCP and TLS alike; what came before waits.
# Really: pause() stops the events, not the reading: Node reads on until about 64 KiB wait. Up to there a reset is heard at once ('error', 'close'), and with it all
#         that waits to be read is thrown away. With more unread, with pauseOnConnect or with `onread`, nothing at all is heard, not even after end(), and what came is kept.
#         An empty write ('') then raises ECONNRESET at once on a plain socket, and never anything on a TLS socket; one byte does on both.
# Matters: a proxy that pauses a sender for backpressure learns of its reset while little waits (and loses what it has not passed on), and not at all once the
#          buffer is full; to look for it with an empty write works without TLS only. Tests with small bodies see the one half.
# Versions: npm node 26.10.0 (Linux)
set -euo pipefail
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
cd "$WORK"

echo '{ "private": true, "allowScripts": { "node": true } }' >package.json
npm install --silent node@26.10.0 >npm.log 2>&1
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout key.pem -out cert.pem -days 2 -subj /CN=localhost 2>/dev/null

cat >paused.mjs <<'JS'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import net from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import tls from 'node:tls'
const [cert, key] = [readFileSync('cert.pem'), readFileSync('key.pem')]
async function look(kind, unread, then = '') {
  const pauseOnConnect = kind === 'pauseOnConnect'
  const server = (kind === 'tls' ? tls.createServer({ cert, key }) : net.createServer({ pauseOnConnect })).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const arrived = once(server, kind === 'tls' ? 'secureConnection' : 'connection')
  const raw = net.connect(server.address().port, '127.0.0.1')
  const client = kind === 'tls' ? tls.connect({ socket: raw, rejectUnauthorized: false }) : raw
  for (const each of [raw, client]) each.on('error', () => {})
  await once(client, kind === 'tls' ? 'secureConnect' : 'connect')
  await tell(kind, unread, then, (await arrived)[0], client, raw)
  server.close()
}
/** The same on the other side: only sockets that connect can have `onread`. */
async function lookOnread(secure, unread) {
  const server = (secure ? tls.createServer({ cert, key }) : net.createServer()).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const [tcp, arrived] = [once(server, 'connection'), once(server, secure ? 'secureConnection' : 'connection')]
  const read = { bytes: 0 }
  const onread = { buffer: Buffer.alloc(16_384), callback: length => ((read.bytes += length), true) }
  const socket = (secure ? tls : net).connect({ port: server.address().port, host: '127.0.0.1', rejectUnauthorized: false, onread })
  const connected = once(socket, secure ? 'secureConnect' : 'connect')
  const [[raw], [peer]] = [await tcp, await arrived, await connected]
  peer.on('error', () => {})
  await tell(secure ? 'tls, onread' : 'plain, onread', unread, '', socket, peer, raw, read)
  server.close()
}
async function tell(kind, unread, then, socket, client, raw, read = { bytes: 0 }) {
  const heard = []
  socket.on('error', ({ code }) => heard.push(code)).on('end', () => heard.push('end')).on('close', () => heard.push('close'))
  socket.on('data', chunk => (read.bytes += chunk.length))
  socket.pause()
  client.write(Buffer.alloc(unread))
  await sleep(300)
  raw.resetAndDestroy()
  await sleep(400)
  const told = () => heard.splice(0).join(', ') || 'nothing'
  let line = `${kind}, ${unread} bytes unread, reset: ${told()}`
  if (then) {
    if (then === 'end') socket.end()
    else if (then === 'resume') socket.resume()
    else socket.write(then === 'one byte' ? 'x' : '')
    await sleep(400)
    line += `; ${then}: ${told()}`
  } else {
    socket.resume()
    await sleep(50)
    line += `; read after that: ${read.bytes}`
  }
  console.log(line)
  socket.destroy()
}
for (const kind of ['plain', 'tls', 'pauseOnConnect']) await look(kind, 1000)
for (const secure of [false, true]) await lookOnread(secure, 1000)
for (const kind of ['plain', 'tls']) for (const then of ['end', 'empty write', 'one byte', 'resume']) await look(kind, 400_000, then)
process.exit(0)
JS
node_modules/.bin/node paused.mjs | tee seen.txt
cat >expected.txt <<'OUT'
plain, 1000 bytes unread, reset: ECONNRESET, close; read after that: 0
tls, 1000 bytes unread, reset: ECONNRESET, close; read after that: 0
pauseOnConnect, 1000 bytes unread, reset: nothing; read after that: 1000
plain, onread, 1000 bytes unread, reset: nothing; read after that: 1000
tls, onread, 1000 bytes unread, reset: nothing; read after that: 1000
plain, 400000 bytes unread, reset: nothing; end: nothing
plain, 400000 bytes unread, reset: nothing; empty write: ECONNRESET, close
plain, 400000 bytes unread, reset: nothing; one byte: ECONNRESET, close
plain, 400000 bytes unread, reset: nothing; resume: ECONNRESET, close
tls, 400000 bytes unread, reset: nothing; end: nothing
tls, 400000 bytes unread, reset: nothing; empty write: nothing
tls, 400000 bytes unread, reset: nothing; one byte: ECONNRESET, close
tls, 400000 bytes unread, reset: nothing; resume: ECONNRESET, close
OUT
diff expected.txt seen.txt && echo 'as it was found'
