#!/usr/bin/env bash
# A name that exists without a record of the type asked for, with and without an alias in front.
#
# Guess:  resolve6() of a name with no AAAA rejects with ENODATA, whether the name is an alias (CNAME) or not; so a list that is fulfilled has an entry. The ttl given
#         with an address is that of the address.
# Really: with an alias in front it is fulfilled with []. So are A, TXT, MX, SRV, CAA and NAPTR; NS and PTR reject with ENODATA there too. The ttl is the
#         smaller of the alias's and the address's.
# Matters: code that takes "fulfilled" for "has an address" (Promise.any over both families, list[0].address) fails for names behind a CDN or a cloud balancer only,
#          the names that are aliases. And a short TTL of an alias alone makes all its addresses short-lived.
# Versions: npm node 26.10.0 (c-ares within it)
set -euo pipefail
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
cd "$WORK"

echo '{ "private": true, "allowScripts": { "node": true } }' >package.json
npm install --silent node@26.10.0 >npm.log 2>&1

cat >ask.mjs <<'JS'
import { createSocket } from 'node:dgram'
import { promises as dns } from 'node:dns'
import { once } from 'node:events'
const TYPES = { A: 1, CNAME: 5, AAAA: 28 }
const zone = {
  'v4.test': { A: [300, Buffer.from([192, 0, 2, 1])] },
  'v6.test': { AAAA: [300, Buffer.from('20010db8000000000000000000000001', 'hex')] },
  'short.test': { CNAME: [20, 'v4.test'] },
  'long.test': { CNAME: [900, 'v4.test'] },
  'alias6.test': { CNAME: [20, 'v6.test'] },
}
const wire = name => Buffer.from(name.split('.').map(label => String.fromCharCode(label.length) + label).join('') + '\0', 'latin1')
function record(name, type, [ttl, value]) {
  const data = typeof value === 'string' ? wire(value) : value
  const fixed = Buffer.alloc(10)
  fixed.writeUInt16BE(TYPES[type], 0)
  fixed.writeUInt16BE(1, 2)
  fixed.writeUInt32BE(ttl, 4)
  fixed.writeUInt16BE(data.length, 8)
  return Buffer.concat([wire(name), fixed, data])
}
const server = createSocket('udp4').bind(0, '127.0.0.1')
await once(server, 'listening')
server.on('message', (query, from) => {
  let at = 12
  const labels = []
  for (; query[at] !== 0; at += query[at] + 1) labels.push(query.toString('latin1', at + 1, at + 1 + query[at]))
  const type = Object.keys(TYPES).find(each => TYPES[each] === query.readUInt16BE(at + 1))
  let name = labels.join('.').toLowerCase()
  const answers = []
  for (; zone[name]?.CNAME; name = zone[name].CNAME[1]) answers.push(record(name, 'CNAME', zone[name].CNAME))
  if (zone[name]?.[type]) answers.push(record(name, type, zone[name][type]))
  const head = Buffer.alloc(12)
  query.copy(head, 0, 0, 2)
  head.writeUInt16BE(0x8580 + (zone[name] ? 0 : 3), 2)
  head.writeUInt16BE(1, 4)
  head.writeUInt16BE(answers.length, 6)
  server.send(Buffer.concat([head, query.subarray(12, at + 5), ...answers]), from.port, from.address)
})
const resolver = new dns.Resolver({ timeout: 2000, tries: 2 })
resolver.setServers([`127.0.0.1:${server.address().port}`])
async function ask(type, name, options) {
  const family = { A: 'resolve4', AAAA: 'resolve6' }[type]
  const asked = family ? resolver[family](name, options) : resolver.resolve(name, type)
  console.log(`${type} of ${name}: ${await asked.then(JSON.stringify, error => error.code)}`)
}
for (const name of ['v4.test', 'short.test', 'long.test']) await ask('A', name, { ttl: true })
for (const name of ['v4.test', 'short.test']) await ask('AAAA', name, { ttl: true })
for (const name of ['v4.test', 'short.test']) await ask('AAAA', name)
for (const name of ['v6.test', 'alias6.test']) await ask('A', name)
for (const type of ['TXT', 'MX', 'SRV', 'CAA', 'NAPTR', 'NS', 'PTR']) for (const name of ['v4.test', 'short.test']) await ask(type, name)
await ask('A', 'none.test')
server.close()
JS
node_modules/.bin/node ask.mjs | tee seen.txt
cat >expected.txt <<'OUT'
A of v4.test: [{"address":"192.0.2.1","ttl":300}]
A of short.test: [{"address":"192.0.2.1","ttl":20}]
A of long.test: [{"address":"192.0.2.1","ttl":300}]
AAAA of v4.test: ENODATA
AAAA of short.test: []
AAAA of v4.test: ENODATA
AAAA of short.test: []
A of v6.test: ENODATA
A of alias6.test: []
TXT of v4.test: ENODATA
TXT of short.test: []
MX of v4.test: ENODATA
MX of short.test: []
SRV of v4.test: ENODATA
SRV of short.test: []
CAA of v4.test: ENODATA
CAA of short.test: []
NAPTR of v4.test: ENODATA
NAPTR of short.test: []
NS of v4.test: ENODATA
NS of short.test: ENODATA
PTR of v4.test: ENODATA
PTR of short.test: ENODATA
A of none.test: ENOTFOUND
OUT
diff expected.txt seen.txt && echo 'as it was found'
