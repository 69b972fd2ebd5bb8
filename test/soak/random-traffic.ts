// A soak for people: `node test/soak/random-traffic.ts --seconds 180 --seed 1 --buffer on`. Random clients over HTTP/1.1, TLS and HTTP/2, and random
// upstreams around a real vigia; each answer must belong to its request. Afterwards every gauge must be 0, memory flat and the log without exceptions.

import { parseArgs } from 'node:util'
import { freePort } from '../support/free-port.ts'
import { type Random, randomOf } from '../support/random.ts'
import { certificateFiles } from '../support/tls-files.ts'
import { sleep, until } from '../support/until.ts'
import { startVigia, type Vigia } from '../support/vigia.ts'
import { converse } from './random-client.ts'
import { converseByH2 } from './random-h2-client.ts'
import { startRandomUpstream } from './random-upstream.ts'

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    clients: { type: 'string', default: '48' },
    /** off = streamed, as to an upstream of which nothing is known; on = with so little memory for each body that files are needed. */
    buffer: { type: 'string', default: 'off' },
  },
})
const seed = Number(values.seed)
const { buffer } = values
if (buffer !== 'on' && buffer !== 'off') throw new Error(`--buffer ${buffer}: expected on or off`)
const sizes = { memory: '4KiB' }

console.log(`seed ${seed}, ${values.seconds} s, ${values.clients} clients at a time, buffer ${buffer}`)

const upstreams = await Promise.all([startRandomUpstream(), startRandomUpstream(), startRandomUpstream()])
const NAME = 'soak.example'
const [files] = await certificateFiles({ names: [NAME] })
const { cert, certFile, keyFile } = files!
const [web, secure, plain] = await Promise.all([freePort(), freePort(), freePort()])
const doors = { secure, plain, trust: { ca: cert, servername: NAME } }
const vigia = await startVigia({
  upstreams: upstreams.map(each => each.port),
  pool: { idleTimeout: '1s', buffer: buffer === 'on' ? { request: sizes, response: sizes } : 'off' },
  config: {
    buffers: { keepFree: '1MiB' },
    workers: 2,
    listeners: [
      { name: 'web', address: `127.0.0.1:${web}` },
      { name: 'secure', address: `127.0.0.1:${secure}`, tls: { certificates: [{ certFile, keyFile }] } },
      { name: 'plain', address: `127.0.0.1:${plain}`, http2: true },
    ],
    timeouts: { idle: '10s', response: '20s', halfClosed: '10s' },
  },
})
const untilMs = performance.now() + Number(values.seconds) * 1000
const wrong: string[] = []
const once = new Set<string>()
let conversations = 0
const residents: number[] = []

await Promise.all([...Array.from({ length: Number(values.clients) }, (_, i) => oneClient(i)), watchMemory(vigia)])
await until('every gauge is 0 again', async () => (await leftOver(vigia)).length === 0, {
  timeoutMs: 15_000,
  everyMs: 200,
}).catch(async () => wrong.push(`left over: ${(await leftOver(vigia)).join(', ')}`))
for (const upstream of upstreams) {
  for (const refusal of upstream.refused) wrong.push(`an upstream could not read a request: ${refusal}`)
}
for (const token of once) {
  const arrivals = upstreams.reduce((sum, each) => sum + (each.seen.get(token) ?? 0), 0)
  if (arrivals > 1) wrong.push(`POST ${token} arrived ${arrivals} times`)
}
const unexpected = `${vigia.stdout()}${vigia.stderr()}`
  .split('\n')
  .filter(line => line.includes('unexpected exception'))
wrong.push(...unexpected)
const early = Math.max(...residents.slice(0, Math.ceil(residents.length / 3)))
const late = Math.max(...residents.slice(-Math.ceil(residents.length / 3)))
console.log(`resident memory: at most ${mebibytes(early)} in the first third, ${mebibytes(late)} in the last`)
if (late > early * 1.3 + 32 * 1_048_576) wrong.push('memory grows')
const { buffers } = await vigia.status()
if (buffers) {
  const { requests, answers, spooledBytes, troubles } = buffers
  console.log(`buffered: ${requests} requests, ${answers} answers, ${mebibytes(spooledBytes)} in files`, troubles)
}
if (buffer === 'on' && !(buffers?.requests && buffers.answers && buffers.spooledBytes))
  wrong.push('something was never buffered, or never in a file')
if (buffer === 'off' && (buffers?.requests || buffers?.answers)) wrong.push('something was buffered')
await vigia.stop()
for (const upstream of upstreams) await upstream.close()
console.log(`${conversations} conversations, ${once.size} POSTs, ${wrong.length} faults`)
for (const fault of wrong.slice(0, 40)) console.log(fault)
process.exit(wrong.length > 0 ? 1 : 0)

async function oneClient(index: number): Promise<void> {
  for (let round = 0; performance.now() < untilMs; round += 1) {
    const name = `${index}.${round}`
    conversations += 1
    try {
      const random = randomOf(seed + index * 1_000_003 + round * 7919)
      wrong.push(...(await oneConversation(name, random)))
    } catch (error) {
      wrong.push(`${name}: ${(error as Error).message}`)
    }
  }
}

/** A half in plain HTTP/1.1, a quarter over TLS, a quarter over HTTP/2. */
function oneConversation(name: string, random: Random): Promise<string[]> {
  const kind = random()
  if (kind < 0.25) return converseByH2(doors, name, random, once)
  return kind < 0.5 ? converse(secure, true, name, random, once) : converse(web, false, name, random, once)
}

async function watchMemory({ residentBytes }: Vigia): Promise<void> {
  while (performance.now() < untilMs) {
    await sleep(1000)
    residents.push(await residentBytes())
  }
}

async function leftOver({ status }: Vigia): Promise<string[]> {
  const { clients, pools, buffers } = await status()
  const left: string[] = []
  const expectNone = (what: string, count: number) => count !== 0 && left.push(`${count} ${what}`)
  expectNone('client connections', clients.connections)
  expectNone('bytes of buffers in memory', buffers?.memoryBytes ?? 0)
  expectNone('bytes of buffers in files', buffers?.diskBytes ?? 0)
  expectNone('files of buffers', buffers?.files ?? 0)
  for (const pool of pools) {
    expectNone('waiting', pool.waiting)
    for (const upstream of pool.upstreams) {
      expectNone(`in flight on ${upstream.name}`, upstream.inFlight)
      expectNone(`tunnels on ${upstream.name}`, upstream.tunnels)
      expectNone(`connections to ${upstream.name}`, upstream.connections)
    }
  }
  return left
}

function mebibytes(bytes: number): string {
  return `${Math.round(bytes / 1_048_576)} MiB`
}
