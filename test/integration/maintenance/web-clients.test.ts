// What the web client of an ERP meets in a window and in doubt: an answer that it shows its user, and the static files for that. One worker,
// told as control tells it.

import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { ClosedRoute } from '../../../src/shared/messages.ts'
import { AVAILABILITY, UpstreamTable } from '../../../src/shared/upstream-table.ts'
import { type DataPlane, startDataPlane } from '../../support/data-plane.ts'
import { answerOk } from '../../support/raw-answers.ts'
import { ask } from '../../support/raw-client.ts'
import { type Answer, RawUpstream } from '../../support/raw-upstream.ts'
import { field } from '../../support/wire.ts'

const MINUTE_MS = 60_000

/** Takes a call, and says nothing. */
const breakOffCalls: Answer = async arrival => {
  await arrival.whole()
  if (arrival.method === 'POST') arrival.connection.reset()
  else await answerOk(arrival)
}

let upstream: RawUpstream
let plane: DataPlane

beforeAll(async () => {
  upstream = await RawUpstream.start()
  const url = `http://127.0.0.1:${upstream.port}`
  const pool = { health: 'off', outlier: 'off', application: 'odoo', upstreams: [{ name: 'node', url }] }
  const config = {
    routes: [
      { name: 'partners', match: { path: '/partners' }, pool: 'erp', integration: true },
      { name: 'polls', match: { path: '/longpolling' }, pool: 'erp', longPoll: true },
      { name: 'away', match: { host: 'away.example' }, pool: 'away' },
      { name: 'own', match: { host: 'own.example' }, pool: 'own' },
      { name: 'none', match: { host: 'none.example' }, pool: 'none' },
      { name: 'erp', pool: 'erp' },
    ],
    pools: {
      erp: pool,
      away: pool,
      own: { ...pool, assets: ['/theme/*'] },
      none: { ...pool, application: 'frappe', assets: [] },
    },
  }
  // Behind the slots of the pools are those of their upstreams, one of each: that of `away` is out.
  const table = new UpstreamTable()
  for (const slot of [5, 7, 8]) table.set(slot, AVAILABILITY.available, 100)
  table.set(6, AVAILABILITY.disabled, 100)
  plane = await startDataPlane(config, { upstreamTable: table.buffer })
})

afterAll(async () => {
  await plane?.stop()
  await upstream?.close()
})

beforeEach(() => upstream.forget(breakOffCalls))

const closed = (route: string): ClosedRoute => ({
  route,
  window: 'patching',
  reason: 'New release',
  timeZone: 'UTC',
  untilMs: Math.ceil(Date.now() / MINUTE_MS) * MINUTE_MS + 10 * MINUTE_MS,
  bypasses: [],
})
const close = (...routes: readonly string[]) =>
  plane.tell({ type: 'closed-routes', closedRoutes: routes.map(route => closed(route)) })
const closeAll = () => close('partners', 'polls', 'away', 'own', 'none', 'erp')

const CALL = '{"jsonrpc":"2.0","id":7,"method":"call","params":{"model":"sale.order","method":"create","args":[]}}'

function call(target: string, host = 'erp.example', type = 'application/json') {
  const fields = [`Host: ${host}`, `Content-Type: ${type}`, 'Accept: */*', 'Accept-Language: pt-BR,pt;q=0.9']
  const bytes = `POST ${target} HTTP/1.1\r\n${fields.join('\r\n')}\r\nContent-Length: ${CALL.length}\r\n\r\n${CALL}`
  return ask(plane.port, bytes, 'POST')
}

async function statusOf(target: string, method = 'GET', host = 'erp.example'): Promise<number> {
  return (await ask(plane.port, `${method} ${target} HTTP/1.1\r\nHost: ${host}\r\n\r\n`, method)).status
}

test('a window tells until when in its phrase, and why in an error that the client shows, in the language of the user', async () => {
  await closeAll()
  const answer = await call('/web/dataset/call_kw')
  expect([answer.status, field(answer, 'content-type')]).toEqual([503, 'application/json'])
  expect(answer.reason).toMatch(/^Manutencao ate \d\d:\d\d$/)
  const { error, id, result, code } = JSON.parse(answer.body.toString())
  expect([error.data.name, id, result, code]).toEqual(['odoo.exceptions.UserError', null, undefined, 'maintenance'])
  expect(error.data.arguments[0]).toContain('Motivo: New release\n')
  expect(upstream.received.length).toBe(0)
})

test('partners, polls, and who sends no call get no message: plain JSON, which has an error too, or the page', async () => {
  await closeAll()
  for (const target of ['/partners/orders', '/longpolling/poll'])
    expect(JSON.parse((await call(target)).body.toString()).error).toMatchObject({ code: -32_000, data: {} })
  const page = await call('/web/login', 'erp.example', 'application/x-www-form-urlencoded')
  expect(field(page, 'content-type')).toContain('text/html')
})

test("Frappe's client gets its messages", async () => {
  await closeAll()
  const answer = await call('/api/method/frappe.client.save', 'none.example')
  expect(JSON.parse(JSON.parse(JSON.parse(answer.body.toString())._server_messages)[0]).message).toContain(
    'New release',
  )
})

test('what is in doubt is said in an answer that the client reads', async () => {
  await close()
  const answer = await call('/web/dataset/call_kw')
  expect([answer.status, answer.reason]).toEqual([504, 'Resultado desconhecido: verifique antes de repetir'])
  expect(JSON.parse(answer.body.toString()).error.data.arguments[0]).toContain('Verifique antes de enviá-la novamente.')
  expect((await call('/partners/orders')).status, 'to a program').toBe(502)
})

test('static files pass a window where an upstream serves, in one spelling, and only to be read', async () => {
  await closeAll()
  expect(await statusOf('/web/static/img/icon.svg?v=3')).toBe(200)
  expect(await statusOf('/web/assets/1/ab/web.assets_web.min.js', 'HEAD')).toBe(200)
  expect(upstream.requests).toHaveLength(2)
  for (const other of [
    '/web/static',
    '/web/login',
    '/web/static/../login',
    '/web/static/%2e%2e/login',
    '/web/static/a;b',
  ])
    expect(await statusOf(other), other).toBe(503)
  expect(await statusOf('/web/static/img/icon.svg', 'POST')).toBe(503)
  expect(await statusOf('/web/static/img/icon.svg', 'GET', 'away.example'), 'nothing serves there').toBe(503)
  expect(upstream.requests).toHaveLength(2)
})

test('which files these are is configurable', async () => {
  await closeAll()
  expect(await statusOf('/theme/a.css', 'GET', 'own.example')).toBe(200)
  expect(await statusOf('/web/static/a.css', 'GET', 'own.example')).toBe(503)
  expect(await statusOf('/assets/a.css', 'GET', 'none.example')).toBe(503)
})
