// From a sender to the disk and on to the upstream: one worker, and the thread that keeps held requests, on a file of its own.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { MessagePort } from 'node:worker_threads'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import type { HeldRequests } from '../../../src/held/contract.ts'
import { openHeldRequests } from '../../../src/held/main/held-requests.ts'
import { allocateHeldTable } from '../../../src/shared/held/held-table.ts'
import type { ClosedRoute, ToWorker } from '../../../src/shared/messages.ts'
import { type DataPlane, startDataPlane } from '../../support/data-plane.ts'
import { closeClients, RawClient } from '../../support/raw-client.ts'
import { RawUpstream } from '../../support/raw-upstream.ts'
import { until } from '../../support/until.ts'
import { field } from '../../support/wire.ts'

const ROUTE = {
  name: 'orders',
  match: { path: '/orders' },
  pool: 'erp',
  hold: { order: 'header:X-Shop', forward: { rate: '100000/s', after: '1ms', concurrency: 8 } },
}

let folder: string
let upstream: RawUpstream
let plane: DataPlane
let held: HeldRequests
/** Bodies, in the order in which the upstream got them. */
const arrived: string[] = []

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vigia-held-'))
  upstream = await RawUpstream.start()
  const table = allocateHeldTable()
  plane = await startDataPlane(
    {
      store: '/nowhere/vigia.db',
      routes: [ROUTE],
      pools: { erp: { health: 'off', upstreams: [{ name: 'erp-1', url: `http://127.0.0.1:${upstream.port}` }] } },
    },
    { held: table },
  )
  held = openHeldRequests({
    path: join(folder, 'held.db'),
    keyFiles: [],
    table,
    onEvent() {},
    onHealth() {},
    onNotice() {},
  })
  held.configure(new Map([['orders', plane.snapshot.routes[0]!.hold!]]))
  connect(held.connect())
})

beforeEach(async () => {
  arrived.length = 0
  await upstream.forget(async arrival => {
    arrived.push((await arrival.whole()).body.toString())
    await arrival.connection.write('HTTP/1.1 201 Created\r\nX-Order: 7\r\nContent-Length: 2\r\n\r\nok')
  })
})
afterEach(() => closeClients())

afterAll(async () => {
  await held?.close()
  await plane?.stop()
  await upstream?.close()
  await rm(folder, { recursive: true, force: true })
})

function connect(port: MessagePort): void {
  plane.worker.postMessage({ type: 'held', port } satisfies ToWorker, [port])
}

const CLOSED: ClosedRoute = {
  ...{ route: 'orders', window: 'patching', reason: 'patches', timeZone: 'UTC', untilMs: undefined, bypasses: [] },
}

/** The window begins or ends, as control tells the workers and the thread. */
async function window(isOpen: boolean): Promise<void> {
  if (isOpen) held.gate(new Map([['orders', { open: false, why: 'patching', untilMs: undefined }]]))
  await plane.tell({ type: 'closed-routes', closedRoutes: isOpen ? [CLOSED] : [] })
  if (!isOpen) held.gate(new Map([['orders', { open: true }]]))
}

async function post(body: string, fields: Readonly<Record<string, string>> = {}) {
  const client = await RawClient.connect(plane.port)
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`)
  client.send(`POST /orders HTTP/1.1\r\nHost: e\r\nContent-Length: ${body.length}\r\n${lines.join('')}\r\n${body}`)
  const answer = await client.final('POST')
  client.close()
  return { status: answer.status, location: field(answer, 'location') ?? '', text: answer.body.toString() }
}

async function lookUp(location: string) {
  const client = await RawClient.connect(plane.port)
  client.send(`GET ${location} HTTP/1.1\r\nHost: e\r\n\r\n`)
  const answer = await client.final()
  client.close()
  return JSON.parse(answer.body.toString())
}

test('what a window has held is carried out after it, and its sender gets the answer', async () => {
  await window(true)
  const { status, location } = await until('it is held', async () => {
    const answer = await post('order 7')
    return answer.status === 202 ? answer : undefined
  })
  expect(status).toBe(202)
  expect(await lookUp(location)).toMatchObject({ state: 'waiting', ahead: 0, result: null })
  expect(arrived).toEqual([])
  await window(false)
  const answered = await until('it is answered', async () => {
    const view = await lookUp(location)
    return view.state === 'answered' && view
  })
  expect(answered.result).toMatchObject({ status: 201, body: 'ok', whole: true })
  expect(answered.result.fields).toContainEqual(['X-Order', '7'])
  expect(arrived).toEqual(['order 7'])
})

test('a repeat is not held twice, and a key that stands for another request is refused', async () => {
  await window(true)
  const first = await post('order 8', { 'Idempotency-Key': '"8"' })
  const again = await post('order 8', { 'Idempotency-Key': '"8"' })
  expect(again).toMatchObject({ status: 202, location: first.location })
  expect(JSON.parse(again.text)).toMatchObject({ repeat: true })
  expect((await post('order 9', { 'Idempotency-Key': '"8"' })).status).toBe(422)
  // Of another sender the same key is another one.
  const other = await post('order 8', { 'Idempotency-Key': '"8"', Authorization: 'Basic eDp5' })
  expect(other.location).not.toBe(first.location)
  await window(false)
  await until('both are carried out', () => arrived.length === 2)
})

test('a repeat of one that was carried out gets the same answer, and is not sent', async () => {
  await window(true)
  const first = await post('order 10', { 'Idempotency-Key': '"10"' })
  await window(false)
  await until('it is carried out', async () => (await lookUp(first.location)).state === 'answered')
  expect(await post('order 10', { 'Idempotency-Key': '"10"' })).toMatchObject({ status: 202, location: first.location })
  expect((await post('order 11', { 'Idempotency-Key': '"10"' })).status).toBe(422)
  expect((await post('order 12', { 'Idempotency-Key': '"12"' })).status).toBe(201)
  expect(arrived).toEqual(['order 10', 'order 12'])
})

test('nobody passes those of his key, and each key goes by itself', async () => {
  await window(true)
  for (let i = 0; i < 4; i += 1) for (const shop of ['a', 'b', 'c']) await post(`${shop}${i}`, { 'X-Shop': shop })
  await window(false)
  // Live ones, behind those that are still held.
  const live = await Promise.all(['a', 'b', 'c', 'd'].map(shop => post(`${shop}9`, { 'X-Shop': shop })))
  expect(live[3]!.status).toBe(201)
  await until('all are carried out', () => arrived.length === 16)
  for (const shop of ['a', 'b', 'c'])
    expect(arrived.filter(body => body.startsWith(shop))).toEqual([0, 1, 2, 3, 9].map(i => `${shop}${i}`))
})
