#!/usr/bin/env bash
# readable.read() without a size, when more than one piece waits.
#
# Guess:  "If the size argument is not specified, all of the data contained in the internal buffer will be returned" (Node's documentation, still): one read() in
#         'readable' empties the stream.
# Really: Node 20 does so. In Node 26 it gives the first piece only, though readableLength counts all; the rest waits for another read(), and 'readable' is not
#         emitted again before more comes: so one read() each stays a piece behind. With an encoding and with read(stream.readableLength) it is joined still.
# Matters: what reads the head of a connection (a PROXY header, say) and gives the rest back with unshift() leaves two pieces, and the next reader, with one read()
#          for each 'readable', waits for bytes that are there. It needs two pieces at once, so tests seldom show it. Read until null, or by readableLength.
# Versions: npm node 26.10.0 and node 20.20.2
set -euo pipefail
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
cd "$WORK"

cat >read.mjs <<'JS'
import { once } from 'node:events'
import { Readable } from 'node:stream'
const version = process.version
async function filled({ encoding, end = false, unshift = false } = {}) {
  const stream = new Readable({ read() {}, encoding })
  if (unshift) { stream.unshift('two'); stream.unshift('one') } else { stream.push('one'); stream.push('two') }
  if (end) stream.push(null)
  await once(stream, 'readable')
  return stream
}
for (const [name, options] of [['two pushes', {}], ['two pushes and the end', { end: true }], ['two unshifts', { unshift: true }], ['with an encoding', { encoding: 'utf8' }]]) {
  const stream = await filled(options)
  console.log(`${version}, ${name}: ${stream.readableLength} bytes wait; read(): ${stream.read()}, then ${stream.read()}`)
}
const sized = await filled()
console.log(`${version}, read(readableLength): ${sized.read(sized.readableLength)}`)
const single = new Readable({ read() {} })
const got = []
single.on('readable', () => got.push(String(single.read())))
single.push('one')
single.push('two')
await new Promise(later => setTimeout(later, 200))
console.log(`${version}, one read() for each 'readable': ${got.join(', ')}; left: ${single.readableLength}`)
single.push('three')
await new Promise(later => setTimeout(later, 200))
console.log(`${version}, and one push more: ${got.join(', ')}; left: ${single.readableLength}`)
JS
for version in 26.10.0 20.20.2; do
  mkdir "$version"
  echo '{ "private": true, "allowScripts": { "node": true } }' >"$version/package.json"
  npm install --silent --prefix "$version" "node@$version" >npm.log 2>&1
  "$version/node_modules/.bin/node" read.mjs
done | tee seen.txt
cat >expected.txt <<'OUT'
v26.10.0, two pushes: 6 bytes wait; read(): one, then two
v26.10.0, two pushes and the end: 6 bytes wait; read(): one, then two
v26.10.0, two unshifts: 6 bytes wait; read(): one, then two
v26.10.0, with an encoding: 6 bytes wait; read(): onetwo, then null
v26.10.0, read(readableLength): onetwo
v26.10.0, one read() for each 'readable': one; left: 3
v26.10.0, and one push more: one, two; left: 5
v20.20.2, two pushes: 6 bytes wait; read(): onetwo, then null
v20.20.2, two pushes and the end: 6 bytes wait; read(): onetwo, then null
v20.20.2, two unshifts: 6 bytes wait; read(): onetwo, then null
v20.20.2, with an encoding: 6 bytes wait; read(): onetwo, then null
v20.20.2, read(readableLength): onetwo
v20.20.2, one read() for each 'readable': onetwo; left: 0
v20.20.2, and one push more: onetwo, three; left: 0
OUT
diff expected.txt seen.txt && echo 'as it was found'
