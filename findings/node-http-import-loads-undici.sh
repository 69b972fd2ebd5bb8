#!/usr/bin/env bash
# What a program loads of Node that asks for node:http in one of the ways there are.
#
# Guess:  `import { createServer } from 'node:http'` and `require('node:http')` load the same; fetch and WebSocket are globals, and loaded when they are first used.
# Really: node:http also has WebSocket, CloseEvent and MessageEvent as getters that load Node's own undici when they are read. An import reads each of its exports
#         to make a module of them, whichever name was asked for: so any import of node:http loads undici, some ninety more modules than require, in every thread.
#         require and process.getBuiltinModule load a part of it.
# Matters: start-up of a proxy or a probe: 40 to 50 ms of CPU for each process and each worker thread, and memory, without a line that uses fetch. Whoever measures a
#          start looks for it in his own code.
# Versions: npm node 26.10.0
set -euo pipefail
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
cd "$WORK"

echo '{ "private": true, "allowScripts": { "node": true } }' >package.json
npm install --silent node@26.10.0 >npm.log 2>&1
cat >imported.mjs <<'JS'
import { createServer } from 'node:http'
export { createServer }
JS
cat >ask.mjs <<'JS'
import { createRequire } from 'node:module'
const ways = {
  'import { createServer }': () => import('./imported.mjs'),
  require: () => createRequire(import.meta.url)('node:http'),
  'process.getBuiltinModule': () => process.getBuiltinModule('node:http'),
}
const way = process.argv[2]
const before = process.moduleLoadList.length
await ways[way]()
const loaded = process.moduleLoadList.slice(before).map(String)
const undici = loaded.some(name => name.includes('deps/undici')) ? 'with undici' : 'without undici'
console.log(`${way}: ${undici}, ${loaded.length > 100 ? 'more' : 'fewer'} than 100 modules`)
JS
for way in 'import { createServer }' require process.getBuiltinModule; do ./node_modules/.bin/node ask.mjs "$way"; done | tee seen.txt
diff seen.txt - <<'SEEN'
import { createServer }: with undici, more than 100 modules
require: without undici, fewer than 100 modules
process.getBuiltinModule: without undici, fewer than 100 modules
SEEN
