#!/usr/bin/env bash
# A client of node:http2 that uploads a file to a slow server, and asks the same server something else meanwhile, on the same session.
#
# Guess:  The answer comes: flow control stops the upload alone. ENHANCE_YOUR_CALM is what a peer says to a flood.
# Really: While more than 10 MB (maxSessionMemory, which the manual gives as the limit for new streams) wait to be sent, the client itself resets each other stream
#         whose answer comes, 11 ENHANCE_YOUR_CALM, no GOAWAY. A GET has then been carried out by the server, which answered 200. The error reads as if the server
#         had said so. With maxSessionMemory above what waits, the answer comes.
# Matters: an integration that posts a large document through a balancer sees its other requests fail with what looks like the balancer's protection against floods,
#          and may send them again; a test that drives HTTP/2 by node:http2 finds faults in its server that are its own. Give the client a larger maxSessionMemory, or
#          await `drain` before writing more.
# Versions: npm node 26.10.0
set -euo pipefail
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
cd "$WORK"

echo '{ "private": true, "allowScripts": { "node": true } }' >package.json
npm install --silent node@26.10.0 >npm.log 2>&1

cat >upload.mjs <<'JS'
import { once } from 'node:events'
import { connect, createServer } from 'node:http2'
const MIB = 1 << 20
const answered = []
const server = createServer().on('stream', (stream, { ':path': path }) => {
  stream.on('error', () => {})
  // Whoever uploads is not read.
  if (path === '/upload') return
  answered.push(200)
  stream.respond({ ':status': 200 })
  stream.end('fine')
})
await once(server.listen(0, '127.0.0.1'), 'listening')
for (const [mib, options] of [[1, {}], [12, {}], [12, { maxSessionMemory: 64 }]]) {
  const session = connect(`http://127.0.0.1:${server.address().port}`, options)
  let goaway = 'no GOAWAY'
  session.on('goaway', code => (goaway = `GOAWAY ${code}`)).on('error', () => {})
  await once(session, 'connect')
  const upload = session.request({ ':method': 'POST', ':path': '/upload' }).on('error', () => {})
  upload.end(Buffer.alloc(mib * MIB))
  // The server has what its windows let come.
  await new Promise(resolve => session.ping(resolve))
  answered.length = 0
  const other = session.request({ ':path': '/other' })
  const { promise, resolve } = Promise.withResolvers()
  other.on('response', head => resolve(head[':status'])).on('error', ({ message }) => resolve(message))
  const seen = await promise
  console.log(`${mib} MiB, ${JSON.stringify(options)}: ${seen}; the server: ${answered}; ${goaway}`)
  session.destroy()
}
server.close()
JS
./node_modules/.bin/node upload.mjs | tee seen.txt
diff seen.txt - <<'SEEN'
1 MiB, {}: 200; the server: 200; no GOAWAY
12 MiB, {}: Stream closed with error code NGHTTP2_ENHANCE_YOUR_CALM; the server: 200; no GOAWAY
12 MiB, {"maxSessionMemory":64}: 200; the server: 200; no GOAWAY
SEEN
