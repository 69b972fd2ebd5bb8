#!/usr/bin/env bash
# A link-local nameserver with its zone (fe80::1%eth0, as it comes with router advertisements), given to Node's Resolver.
#
# Guess:  setServers() asks an IPv6 address with a zone as dgram and net do, or refuses it; getServers() tells what is asked.
# Really: setServers() takes it and drops the zone without a word. A link-local address can't be reached without one: each query fails with ECONNREFUSED
#         and no packet is sent; dgram reaches the server with the same text. Left to itself, or where /etc/resolv.conf named the same address when the Resolver was
#         made, c-ares asks there with the zone, yet getServers() shows none: the same list is once a server that works and once none.
# Matters: servers of a configuration, or a copy of getServers() from another machine or an earlier network, fail with "connection refused" by a server that was
#          never asked; what is read from resolv.conf has to be set on a Resolver that was made after that file was written.
# Versions: npm node 26.10.0 (Linux; in a network and mount namespace of its own: unshare -rnm)
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
const SERVER = 'fe80::1%lo'
const server = createSocket('udp6').bind(53, SERVER)
await once(server, 'listening')
let queries = 0
server.on('message', (query, from) => {
  queries += 1
  const answer = Buffer.from(query)
  answer.writeUInt16BE(0x8583, 2) // no such name
  server.send(answer, from.port, from.address)
})
async function ask(how, servers) {
  const resolver = new dns.Resolver({ timeout: 1000, tries: 2 })
  if (servers) resolver.setServers(servers)
  queries = 0
  const said = await resolver.resolve4('none.test').catch(error => error.code)
  console.log(`resolv.conf has ${process.argv[2]}; ${how}: getServers ${resolver.getServers()}: ${said}, ${queries ? 'asked' : 'not asked'}`)
}
await ask('setServers', [SERVER])
if (process.argv[2] === SERVER) await ask('no setServers')
const client = createSocket('udp6')
const answered = once(client, 'message')
const query = Buffer.concat([Buffer.from([0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]), Buffer.from('\x04none\x04test\0\0\x01\0\x01', 'latin1')])
client.send(query, 53, SERVER)
await answered
console.log('dgram: answered')
process.exit(0)
JS
for named in 192.0.2.1 fe80::1%lo; do
  echo "nameserver $named" >resolv.conf
  unshare -rnm bash -ec "ip link set lo up; ip addr add fe80::1/64 dev lo nodad; mount --bind resolv.conf /etc/resolv.conf; exec node_modules/.bin/node ask.mjs $named"
done | tee seen.txt
cat >expected.txt <<'OUT'
resolv.conf has 192.0.2.1; setServers: getServers fe80::1: ECONNREFUSED, not asked
dgram: answered
resolv.conf has fe80::1%lo; setServers: getServers fe80::1: ENOTFOUND, asked
resolv.conf has fe80::1%lo; no setServers: getServers fe80::1: ENOTFOUND, asked
dgram: answered
OUT
diff expected.txt seen.txt && echo 'as it was found'
