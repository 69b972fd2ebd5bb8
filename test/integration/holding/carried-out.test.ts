// Held requests over a whole vigia: held while the upstream is away or the integration is paused, carried out in order afterwards, over a
// restart too; and what people see and ask meanwhile.

import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { HeldRows, IntegrationReport, IntegrationsReport } from '../../../src/admin/contract/held.ts'
import type { AuditReport, Rows } from '../../../src/admin/contract/history.ts'
import { vigiaCommand } from '../../support/command.ts'
import { freePort } from '../../support/free-port.ts'
import { until } from '../../support/until.ts'
import { fetchText, startVigia, type Vigia } from '../../support/vigia.ts'

interface Order {
  readonly customer: { readonly id: string }
  readonly n: number
}
interface Received extends Order {
  readonly headers: IncomingMessage['headers']
}

const folder = mkdtempSync(join(tmpdir(), 'vigia-held-'))
const received: Received[] = []
let upstreamPort = 0
let upstream: Server | undefined
let vigia: Vigia

beforeAll(async () => {
  upstreamPort = await freePort()
  vigia = await start()
})
afterAll(async () => {
  await vigia?.stop()
  upstream?.close()
  rmSync(folder, { recursive: true, force: true })
})

function start(): Promise<Vigia> {
  return startVigia({
    upstreams: [upstreamPort],
    pool: { health: { type: 'tcp', interval: '100ms', rise: 1, fall: 1, downInterval: '100ms' } },
    config: {
      store: join(folder, 'vigia.db'),
      routes: [
        {
          ...{ name: 'orders', match: { path: '/orders' }, pool: 'erp' },
          hold: { order: 'json:/customer/id', forward: { after: '100ms', rate: '1000/s' } },
        },
        { pool: 'erp' },
      ],
    },
  })
}

/** The ERP: takes orders, and says which number each has got. */
async function startUpstream(): Promise<void> {
  const server = createServer((request, response) => {
    let text = ''
    request.setEncoding('utf8').on('data', piece => {
      text += piece
    })
    request.on('end', () => {
      const order = JSON.parse(text === '' ? '{}' : text) as Order
      received.push({ ...order, headers: request.headers })
      response.writeHead(201, { 'content-type': 'application/json' }).end(JSON.stringify({ number: `SO${order.n}` }))
    })
  })
  upstream = server
  await new Promise<void>(resolve => server.listen(upstreamPort, '127.0.0.1', resolve))
}

async function send(
  customer: string,
  n: number,
): Promise<{ readonly status: number; readonly location: string | null }> {
  const body = JSON.stringify({ customer: { id: customer }, n })
  const headers = { 'content-type': 'application/json' }
  const answer = await fetch(`http://127.0.0.1:${vigia.port}/orders`, { method: 'POST', headers, body })
  await answer.text()
  return { status: answer.status, location: answer.headers.get('location') }
}

const stateOf = async (location: string | null) =>
  JSON.parse((await fetchText(vigia.port, location!)).body) as {
    state: string
    result: { status: number; body: string }
  }

const admin = async <T>(path: string) => JSON.parse((await fetchText(vigia.adminPort, path)).body) as T

async function orders(): Promise<IntegrationReport> {
  const { integrations } = await admin<IntegrationsReport>('/integrations')
  return integrations.find(({ route }) => route === 'orders')!
}

const command = (...args: string[]) =>
  vigiaCommand(args, undefined, { VIGIA_ADMIN: `http://127.0.0.1:${vigia.adminPort}` })

test('what comes while nobody serves is kept, seen and counted, and carried out in order once the pool serves', async () => {
  const sent = [await send('a', 1), await send('a', 2), await send('b', 3)]
  expect(sent.map(({ status }) => status)).toEqual([202, 202, 202])
  expect(await stateOf(sent[1]!.location)).toMatchObject({ state: 'waiting', ahead: 1, result: null })
  const { rows } = await admin<HeldRows>('/held?route=orders')
  expect(rows.map(({ key, state, method, path }) => [key, state, method, path])).toEqual([
    ['a', 'waiting', 'POST', '/orders'],
    ['a', 'waiting', 'POST', '/orders'],
    ['b', 'waiting', 'POST', '/orders'],
  ])
  const report = await until('three are counted', async () => {
    const found = await orders()
    return found.held?.waiting === 3 ? found : undefined
  })
  expect(report.held).toMatchObject({
    gate: { open: false, why: 'nobody of pool erp takes work' },
    totals: { held: 3 },
  })
  await startUpstream()
  await until('all three are carried out', () => received.length === 3)
  expect(received.filter(({ customer }) => customer.id === 'a').map(({ n }) => n)).toEqual([1, 2])
  for (const { headers } of received) {
    expect(headers['x-vigia-held']).toMatch(/^[A-Za-z0-9_-]{22}; since=20/)
    expect(headers['idempotency-key']).toBeDefined()
  }
  const answered = await until('its sender learns of it', async () => {
    const view = await stateOf(sent[2]!.location)
    return view.state === 'answered' ? view : undefined
  })
  expect([answered.result.status, JSON.parse(answered.result.body)]).toEqual([201, { number: 'SO3' }])
  const emptied = await until('that none waits is told', async () => {
    const { rows } = await admin<Rows<AuditReport>>('/audit?action=integration.emptied')
    return rows[0]
  })
  expect(emptied).toMatchObject({ subject: 'orders', after: { held: 3, forwarded: 3, dead: 0 } })
  const metrics = await vigia.metrics()
  expect(metrics).toContain('vigia_held_accepted_total{route="orders"} 3')
  expect(metrics).toContain('vigia_held_finished_total{route="orders",outcome="2xx"} 3')
  expect(metrics).toContain('vigia_held_up 1')
})

test('a paused integration holds what changes something and refuses what only reads, over a restart too', async () => {
  const before = received.length
  expect((await command('integrations', 'pause', 'orders', '--until', '2h', '--reason', 'stock count')).code).toBe(0)
  const held = await until('a worker knows of it', async () => {
    const sent = await send('c', received.length)
    return sent.status === 202 ? sent : undefined
  })
  const direct = received.length
  const read = await fetch(`http://127.0.0.1:${vigia.port}/orders`)
  // Spread, so that not all come back at once.
  const retryAfterS = Number(read.headers.get('retry-after'))
  expect([read.status, retryAfterS > 7_000, retryAfterS < 9_000]).toEqual([503, true, true])
  await read.text()
  await vigia.stop()
  vigia = await start()
  await until('its pool serves', async () => (await vigia.status()).pools[0]!.available === 1)
  expect(await send('c', 90)).toMatchObject({ status: 202 })
  expect(await orders()).toMatchObject({
    paused: { reason: 'stock count' },
    held: { gate: { open: false, why: 'paused' } },
  })
  await until('both are counted', async () => (await orders()).held?.waiting === 2)
  expect((await command('status')).stdout).toMatch(/Integration orders: is PAUSED by .*; 2 requests are held/)
  expect(received.length).toBe(direct)
  expect((await command('integrations', 'resume', 'orders', '--reason', 'counted')).code).toBe(0)
  await until('both are carried out', () => received.length === direct + 2)
  expect(received.slice(direct).map(({ customer }) => customer.id)).toEqual(['c', 'c'])
  expect(received.at(-1)!.n).toBe(90)
  expect(received.slice(before, direct).filter(({ headers }) => headers['x-vigia-held'] !== undefined)).toEqual([])
  expect((await stateOf(held.location)).state).toMatch(/^(?:sending|answered)$/)
  const { rows } = await admin<Rows<AuditReport>>('/audit?subject=orders')
  expect(rows.map(({ action }) => action)).toEqual(expect.arrayContaining(['integration.pause', 'integration.resume']))
})

test('one that is dropped is not carried out, and its sender learns so', async () => {
  expect((await command('held', 'pause', 'orders', '--reason', 'x')).code).toBe(0)
  const sent = await until('a worker knows of it', async () => {
    const answer = await send('d', 100)
    return answer.status === 202 ? answer : undefined
  })
  const id = sent.location!.split('/').at(-1)!
  const { code, stdout } = await command('held', 'drop', id, '--reason', 'ordered twice')
  expect([code, stdout.trim()]).toEqual([0, `${id} dropped`])
  expect((await stateOf(sent.location)).state).toBe('dropped')
  expect((await command('held', 'drop', id, '--reason', 'again')).code).toBe(1)
  expect((await command('held', 'resume', 'orders')).code).toBe(0)
  const shown = await command('held', 'show', id)
  expect(shown.stdout).toMatch(/dropped .*ordered twice/)
})
