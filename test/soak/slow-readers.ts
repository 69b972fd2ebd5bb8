// A soak for people: `node test/soak/slow-readers.ts`. Clients ask for a report of 60 MB, which vigia compresses, read its beginning and no more:
// vigia must hold a bounded part of it for each, and ask the upstream to wait. Then one by each protocol reads on, to the end.

import { createHash, randomBytes } from 'node:crypto'
import { createServer, get, type IncomingMessage } from 'node:http'
import { connect } from 'node:http2'
import { get as getSecure } from 'node:https'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { parseArgs } from 'node:util'
import { createBrotliDecompress, createGunzip, createZstdDecompress } from 'node:zlib'
import { PROTOCOLS, type ProtocolName } from '../support/carriers/carrier.ts'
import { freePort } from '../support/free-port.ts'
import { certificateFiles } from '../support/tls-files.ts'
import { sleep } from '../support/until.ts'
import { startVigia } from '../support/vigia.ts'

const { values } = parseArgs({
  options: { readers: { type: 'string', default: '15' }, megabytes: { type: 'string', default: '60' } },
})
const MB = 1e6
const BYTES = Number(values.megabytes) * MB
/** Of what vigia itself has for one reader: encoder, its window, what waits on both sides. */
const MOST_FOR_A_READER = 4 * MB
const QUIET_MS = 3000
const DECODERS = { gzip: createGunzip, br: createBrotliDecompress, zstd: createZstdDecompress } as const
type Coding = keyof typeof DECODERS

/** Lines of a report: half of each is drawn, so that it is compressed to about a half. */
const LINES = Buffer.concat(
  Array.from({ length: 4000 }, (_, i) =>
    Buffer.from(`${i};${randomBytes(24).toString('hex')};sale order;confirmed;EUR\n`),
  ),
)

let sent = 0
function* report(): Iterable<Buffer> {
  for (let left = BYTES; left > 0; left -= LINES.length) {
    const piece = LINES.subarray(0, Math.min(left, LINES.length))
    sent += piece.length
    yield piece
  }
}
const expected = createHash('sha1')
for (const piece of report()) expected.update(piece)
const digest = expected.digest('hex')
sent = 0

const upstream = createServer((_, response) => {
  response.writeHead(200, { 'content-type': 'text/csv', 'content-length': BYTES })
  void pipeline(Readable.from(report()), response).catch(() => {})
})
await new Promise<void>(resolve => upstream.listen(0, '127.0.0.1', resolve))
const [files] = await certificateFiles({ names: ['reports.example'] })
const { certFile, keyFile } = files!
const [web, secure] = [await freePort(), await freePort()]
const vigia = await startVigia({
  upstreams: [(upstream.address() as AddressInfo).port],
  ownProcess: true,
  config: {
    listeners: [
      { name: 'web', address: `127.0.0.1:${web}` },
      { name: 'secure', address: `127.0.0.1:${secure}`, tls: { certificates: [{ certFile, keyFile }] } },
    ],
    compress: { types: ['text/csv'] },
    timeouts: { idle: '10m', response: '10m' },
  },
})

// One that is read to its end, so that vigia has what it needs anyway.
await digestOf(await open('h1', 'zstd'), 'zstd')
const before = await vigia.residentBytes()
sent = 0
const readers = await Promise.all(
  Array.from({ length: Number(values.readers) }, async (_, i) => {
    const protocol = PROTOCOLS[i % PROTOCOLS.length]!
    const coding = (Object.keys(DECODERS) as Coding[])[Math.floor(i / PROTOCOLS.length) % 3]!
    return { protocol, coding, body: await open(protocol, coding) }
  }),
)
for (let seen = -1; seen !== sent; ) {
  seen = sent
  await sleep(QUIET_MS)
}
const held = (await vigia.residentBytes()) - before
const each = (bytes: number) => `${(bytes / readers.length / MB).toFixed(2)} MB`
console.log(
  `${readers.length} readers that read no more of ${values.megabytes} MB: vigia has ${each(held)} for each (resident)`,
)
console.log(`upstreams have sent ${each(sent)} for each, most of which is in the kernel's buffers`)
const wrong = held > readers.length * MOST_FOR_A_READER ? ['memory is not bounded'] : []
if (sent >= readers.length * BYTES) wrong.push('no upstream was asked to wait')
for (const { protocol, coding, body } of readers.slice(0, PROTOCOLS.length)) {
  const isWhole = (await digestOf(body, coding)) === digest
  console.log(`read on by ${protocol}, ${coding}: ${isWhole ? 'whole' : 'NOT WHOLE'}`)
  if (!isWhole) wrong.push(`${protocol} is not whole`)
}
console.log(wrong.length === 0 ? 'bounded' : wrong.join('\n'))
for (const { body } of readers) body.destroy()
await vigia.stop().catch((error: Error) => wrong.push(error.message))
process.exit(wrong.length === 0 ? 0 : 1)

/** Resolves with the body, paused, once its head is there. */
function open(protocol: ProtocolName, coding: Coding): Promise<Readable> {
  const headers = { 'accept-encoding': coding }
  return new Promise((resolve, reject) => {
    const onHead = (response: IncomingMessage) => resolve(response.on('error', () => {}).pause())
    if (protocol === 'h1') get({ port: web, host: '127.0.0.1', agent: false, headers }, onHead).on('error', reject)
    else if (protocol === 'tls') {
      const options = { port: secure, host: '127.0.0.1', agent: false, headers, rejectUnauthorized: false }
      getSecure(options, onHead).on('error', reject)
    } else {
      const session = connect(`https://127.0.0.1:${secure}`, { rejectUnauthorized: false }).on('error', reject)
      const stream = session.request({ ':path': '/', ...headers }).on('error', reject)
      stream.on('response', () => resolve(stream.pause()))
      stream.on('close', () => session.destroy())
    }
  })
}

async function digestOf(body: Readable, coding: Coding): Promise<string> {
  const hash = createHash('sha1')
  await pipeline(body, DECODERS[coding](), hash)
  return hash.digest('hex')
}
