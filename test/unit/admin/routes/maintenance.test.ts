// The routes of maintenance windows: who may use them, what is handed on, and what a refusal is answered with.

import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { AdminAccess } from '../../../../src/admin/access/admin-access.ts'
import type { MaintenanceOperations, WindowReport, WindowResult } from '../../../../src/admin/contract/maintenance.ts'
import type { ControlOperations } from '../../../../src/admin/contract/operations.ts'
import type { ControlView } from '../../../../src/admin/contract/status.ts'
import { buildAdmin } from '../../../../src/admin/server.ts'

const WINDOW = { name: 'night', status: 'active' } as unknown as WindowReport
const WISH = { name: 'night', pool: 'erp', start: '2026-12-06T02:00', duration: '4h', timeZone: 'Europe/Rome' }
const READER = 'reader-token-of-some-length-0123456789'

function setUp(result: WindowResult = { ok: true, window: WINDOW, warnings: [] }, withTokens = false) {
  const calls: unknown[][] = []
  const record =
    (verb: string) =>
    (...args: unknown[]) => {
      calls.push([verb, ...args])
      return Promise.resolve(result)
    }
  const operations: MaintenanceOperations = {
    add: record('add'),
    end: record('end'),
    uncancel: record('uncancel'),
    extend: record('extend'),
    confirm: record('confirm'),
    remove: record('remove'),
  }
  const days: number[] = []
  const view = {
    windows: () => [WINDOW],
    upcoming: (wanted: number) => {
      days.push(wanted)
      return []
    },
    calendar: () => 'BEGIN:VCALENDAR\r\n',
  }
  const access = new AdminAccess()
  if (withTokens)
    access.use([{ name: 'calendar', role: 'read', sha256: createHash('sha256').update(READER).digest('hex') }])
  const app = buildAdmin({} as ControlView, () => {}, {
    operations: {} as ControlOperations,
    boundTo: '127.0.0.1',
    maintenance: { view, operations },
    access,
  })
  const ask = (method: 'POST' | 'DELETE', url: string, payload: object) =>
    app.inject({ method, url, headers: { 'content-type': 'application/json', host: '127.0.0.1' }, payload })
  return { app, ask, calls, days }
}

test('a window is handed on as it was sent: no default of the schema slips in', async () => {
  const { ask, calls } = setUp()
  const answer = await ask('POST', '/maintenance', { ...WISH, by: 'ana' })
  expect([answer.statusCode, answer.json()]).toEqual([200, { window: WINDOW, warnings: [] }])
  expect(calls).toEqual([['add', WISH, { by: 'ana', source: 'api', unrecorded: undefined }]])
})

test('orders are for a name, whatever is in it', async () => {
  const { ask, calls } = setUp()
  await ask('POST', '/maintenance/Manuten%C3%A7%C3%A3o%2Fmensal/end', { reason: 'done', force: true })
  await ask('POST', '/maintenance/night/confirm', { reason: 'done' })
  await ask('POST', '/maintenance/night/uncancel', { reason: 'needed after all' })
  await ask('POST', '/maintenance/night/extend', { reason: 'slow', duration: '30m' })
  await ask('DELETE', '/maintenance/night', { reason: 'done', by: 'ana' })
  expect(calls.map(([verb, name, order]) => [verb, name, (order as { by: string }).by])).toEqual([
    ['end', 'Manutenção/mensal', 'admin API, 127.0.0.1'],
    ['confirm', 'night', 'admin API, 127.0.0.1'],
    ['uncancel', 'night', 'admin API, 127.0.0.1'],
    ['extend', 'night', 'admin API, 127.0.0.1'],
    ['remove', 'night', 'ana'],
  ])
  expect(calls[0]![2]).toMatchObject({ force: true, next: false })
  expect(calls[3]![2]).toMatchObject({ reason: 'slow', durationMs: 1_800_000 })
})

test.each([
  ['unknown', 404],
  ['conflict', 409],
  ['invalid', 400],
  ['unavailable', 503],
] as const)('what is refused as %s is %i, with all that is wrong', async (code, status) => {
  const { ask } = setUp({ ok: false, code, message: 'one', advice: 'two' })
  const answer = await ask('POST', '/maintenance', WISH)
  expect([answer.statusCode, answer.json()]).toMatchObject([status, { status, detail: 'one; two' }])
  expect(answer.headers['content-type']).toContain('application/problem+json')
})

test('an order without a reason, and a window with two lines of it, are refused', async () => {
  const { ask, calls } = setUp()
  expect((await ask('POST', '/maintenance/night/end', {})).statusCode).toBe(400)
  expect((await ask('POST', '/maintenance', { ...WISH, reason: 'a\nb' })).statusCode).toBe(400)
  for (const duration of ['0', '30 minutes', ''])
    expect((await ask('POST', '/maintenance/night/extend', { reason: 'slow', duration })).statusCode).toBe(400)
  expect((await ask('POST', '/maintenance', { ...WISH, everything: false })).statusCode).toBe(400)
  expect(calls).toEqual([])
})

test('what is to come is asked for in days', async () => {
  const { app, days } = setUp()
  for (const query of ['', '?days=7', '?days=9999']) await app.inject(`/maintenance/upcoming${query}`)
  expect(days).toEqual([30, 7, 800])
  expect((await app.inject('/maintenance/upcoming?days=-1')).statusCode).toBe(400)
})

test('with tokens a calendar may show its own in the address, but nothing else may be asked for that way', async () => {
  const { app, ask } = setUp(undefined, true)
  expect((await app.inject('/maintenance.ics')).statusCode).toBe(401)
  const calendar = await app.inject(`/maintenance.ics?token=${READER}`)
  expect([calendar.statusCode, calendar.headers['content-type']]).toEqual([200, 'text/calendar; charset=utf-8'])
  expect((await app.inject(`/maintenance?token=${READER}`)).statusCode).toBe(401)
  expect((await app.inject({ url: '/maintenance', headers: { authorization: `Bearer ${READER}` } })).statusCode).toBe(
    200,
  )
  expect((await ask('POST', `/maintenance?token=${READER}`, WISH)).statusCode).toBe(401)
})
