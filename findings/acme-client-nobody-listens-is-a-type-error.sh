#!/usr/bin/env bash
# acme-client with an ACME directory where nobody listens.
#
# Guess:  a refused connection or a name that does not exist is tried again some times, and then the promise fails with that error: ECONNREFUSED, ENOTFOUND.
# Really: after its tries (5 by default, with 5 + 10 + 15 + 20 + 25 = 75 s of waiting) it fails with "TypeError: Cannot read properties of undefined (reading 'config')",
#         without `code` and without `cause`, for http and https. Answers of 503 end with an error that says so.
# Matters: a program can't tell "the CA is not reachable" from a mistake in its own code, and its log does not say what happened; look at the connection beside it,
#          or take a TypeError of it for "unreachable". Its default tries make one call last more than a minute.
# Versions: npm acme-client 5.4.0, node 26.10.0
set -euo pipefail
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
cd "$WORK"

echo '{ "private": true, "allowScripts": { "node": true } }' >package.json
npm install --silent node@26.10.0 acme-client@5.4.0 >npm.log 2>&1
cat >ask.mjs <<'JS'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { createServer as createTcp } from 'node:net'
import acme from 'acme-client'
const settings = acme.axios.defaults.acmeSettings
const accountKey = await acme.crypto.createPrivateEcdsaKey()
async function tell(what, directoryUrl, tries) {
  if (tries !== 'default') Object.assign(settings, { retryMaxAttempts: tries, retryDefaultDelay: 0.05 })
  let said
  try {
    await new acme.Client({ directoryUrl, accountKey }).createAccount({ termsOfServiceAgreed: true })
    said = 'an account'
  } catch (error) {
    said = `${error.name}: ${error.message}; code ${error.code}; cause ${error.cause}`
  }
  console.log(`${what}, ${tries} more: ${said.replace(/:[0-9]+\/directory/, '')}`)
}
// A port that was free a moment ago: nobody listens there.
const free = createTcp().listen(0, '127.0.0.1')
await once(free, 'listening')
const { port } = free.address()
free.close()
await once(free, 'close')
// With its defaults: the waits are noted and not waited for.
const { setTimeout } = globalThis
const waits = []
globalThis.setTimeout = (then, ms, ...rest) => {
  if (ms >= 1000) waits.push(ms / 1000)
  return setTimeout(then, 0, ...rest)
}
await tell('refused, http', `http://127.0.0.1:${port}/directory`, 'default')
globalThis.setTimeout = setTimeout
console.log(`seconds it would have waited: ${waits.join(' + ')}`)
let asked = 0
const busy = createServer((_, reply) => { asked++; reply.writeHead(503).end() }).listen(0, '127.0.0.1')
await once(busy, 'listening')
for (const tries of [0, 2]) {
  await tell('refused, http', `http://127.0.0.1:${port}/directory`, tries)
  await tell('refused, https', `https://127.0.0.1:${port}/directory`, tries)
  await tell('no such name', 'https://ca.invalid/directory', tries)
  asked = 0
  await tell('503', `http://127.0.0.1:${busy.address().port}/directory`, tries)
  console.log(`requests with 503: ${asked}`)
}
await fetch(`http://127.0.0.1:${port}/directory`).catch(({ cause }) => console.log(`fetch, refused: ${cause.code}`))
process.exit(0)
JS
no_proxy='*' node_modules/.bin/node ask.mjs | tee seen.txt
cat >expected.txt <<'OUT'
refused, http, default more: TypeError: Cannot read properties of undefined (reading 'config'); code undefined; cause undefined
seconds it would have waited: 5 + 10 + 15 + 20 + 25
refused, http, 0 more: TypeError: Cannot read properties of undefined (reading 'config'); code undefined; cause undefined
refused, https, 0 more: TypeError: Cannot read properties of undefined (reading 'config'); code undefined; cause undefined
no such name, 0 more: TypeError: Cannot read properties of undefined (reading 'config'); code undefined; cause undefined
503, 0 more: Error: Attempting to read ACME directory returned error 503: http://127.0.0.1; code undefined; cause undefined
requests with 503: 1
refused, http, 2 more: TypeError: Cannot read properties of undefined (reading 'config'); code undefined; cause undefined
refused, https, 2 more: TypeError: Cannot read properties of undefined (reading 'config'); code undefined; cause undefined
no such name, 2 more: TypeError: Cannot read properties of undefined (reading 'config'); code undefined; cause undefined
503, 2 more: Error: Attempting to read ACME directory returned error 503: http://127.0.0.1; code undefined; cause undefined
requests with 503: 3
fetch, refused: ECONNREFUSED
OUT
diff expected.txt seen.txt && echo 'as it was found'
