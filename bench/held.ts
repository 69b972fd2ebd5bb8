// `node bench/held.ts [--requests N] [--clients N] [--folder PATH]`: durable accepts per second. Held requests of 1 KiB, each acknowledged
// once it is on the disk, through the real thread; beside it the same rows with one SQLite transaction each, on the same disk, in turns.
// Forwarding afterwards, unpaced. Rates of one run are to be compared, not of two machines.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { parseArgs } from 'node:util'
import type { MessagePort } from 'node:worker_threads'
import { openHeldRequests } from '../src/held/main/held-requests.ts'
import { allocateHeldTable } from '../src/shared/held/held-table.ts'
import type { HeldToWorker } from '../src/shared/held/messages.ts'
import { ANSWERED, HOLD_PLAN, holdRequest } from '../test/support/held-requests.ts'

const { values } = parseArgs({
  options: {
    requests: { type: 'string', default: '20000' },
    clients: { type: 'string', default: '64' },
    folder: { type: 'string', default: tmpdir() },
  },
})
const requests = count('--requests', values.requests)
const clients = count('--clients', values.clients)
const BODY = 'x'.repeat(1_024)
const KEYS = 1_000
/** One transaction each takes its time: so many are enough for a rate. */
const SINGLES = Math.max(1, Math.round(requests / 100))

const folder = mkdtempSync(join(values.folder, 'vigia-bench-'))
const held = openHeldRequests({
  path: join(folder, 'held.db'),
  keyFiles: [],
  table: allocateHeldTable(),
  onEvent: () => {},
  onHealth: health => health.status === 'degraded' && console.error(health.reason),
})
const forward = { ...HOLD_PLAN.forward, perSecond: 1_000_000, concurrency: 256 }
held.configure(new Map([['orders', { ...HOLD_PLAN, maxRequests: requests, forward }]]))
try {
  const port = held.connect()
  const singlesBefore = singles('before.db')
  const { rate, p50, p99 } = await accept(port)
  const single = (singlesBefore + singles('after.db')) / 2
  console.log(
    `held         ${rate.toFixed(0)}/s  p50 ${p50.toFixed(1)} ms  p99 ${p99.toFixed(1)} ms (${clients} clients)`,
  )
  console.log(`single       ${single.toFixed(0)}/s  one SQLite transaction each`)
  console.log(`ratio        ${(rate / single).toFixed(1)}`)
  console.log(`forwarded    ${(await carryOut(port)).toFixed(0)}/s`)
} finally {
  await held.close()
  rmSync(folder, { recursive: true, force: true })
}

function count(option: string, text: string): number {
  const number = Number(text)
  if (!Number.isSafeInteger(number) || number < 1) throw new Error(`${option} must be a whole number, not "${text}"`)
  return number
}

/** Each client holds its next one when it has the receipt of the last. */
async function accept(port: MessagePort): Promise<{ rate: number; p50: number; p99: number }> {
  const sinceMs = new Map<number, number>()
  const tookMs: number[] = []
  let begun = 0
  const next = () => {
    begun += 1
    const request = holdRequest({ key: `${begun % KEYS}`, body: BODY })
    sinceMs.set(request.number, performance.now())
    return request
  }
  const { promise, resolve } = Promise.withResolvers<void>()
  const hear = (message: HeldToWorker) => {
    if (message.type === 'refused') throw new Error(`refused: ${message.refusals[0]!.why}`)
    if (message.type !== 'held') return
    for (const { number } of message.receipts) tookMs.push(performance.now() - sinceMs.get(number)!)
    const more = message.receipts.slice(0, requests - begun).map(next)
    if (more.length > 0) port.postMessage({ type: 'hold', requests: more })
    if (tookMs.length === requests) resolve()
  }
  const startMs = performance.now()
  port.on('message', hear)
  // One message each, as different workers and turns would send them.
  for (let client = 0; client < clients; client += 1) port.postMessage({ type: 'hold', requests: [next()] })
  await promise
  const seconds = (performance.now() - startMs) / 1_000
  port.off('message', hear)
  tookMs.sort((a, b) => a - b)
  const at = (part: number) => tookMs[Math.floor(part * (tookMs.length - 1))]!
  return { rate: requests / seconds, p50: at(0.5), p99: at(0.99) }
}

/** Per second; as durable as the others. */
function singles(name: string): number {
  const db = new DatabaseSync(join(folder, name))
  db.exec(
    'PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE held (seq INTEGER PRIMARY KEY, body BLOB)',
  )
  const insert = db.prepare('INSERT INTO held (body) VALUES (?)')
  const body = Buffer.from(BODY)
  const startMs = performance.now()
  for (let single = 0; single < SINGLES; single += 1) insert.run(body)
  const rate = SINGLES / ((performance.now() - startMs) / 1_000)
  db.close()
  return rate
}

/** By upstreams that answer at once. */
async function carryOut(port: MessagePort): Promise<number> {
  let sent = 0
  const { promise, resolve } = Promise.withResolvers<void>()
  port.on('message', (message: HeldToWorker) => {
    if (message.type !== 'forward') return
    sent += message.requests.length
    port.postMessage({ type: 'forwarded', outcomes: message.requests.map(({ seq }) => ({ seq, outcome: ANSWERED })) })
    if (sent === requests) resolve()
  })
  const startMs = performance.now()
  held.gate(new Map([['orders', { open: true }]]))
  await promise
  return requests / ((performance.now() - startMs) / 1_000)
}
