import fc from 'fast-check'
import { expect, test } from 'vitest'
import { InDoubtList } from '../../../../src/control/workers/in-doubt-list.ts'
import { lostRequests } from '../../../../src/control/workers/lost-requests.ts'
import { GAUGE } from '../../../../src/shared/counter-cells.ts'
import { allocateCounters, CounterRow } from '../../../../src/shared/counters.ts'
import type { InDoubtRecord } from '../../../../src/shared/messages.ts'

const record = (atMs: number): InDoubtRecord => ({
  requestId: `r-${atMs}`,
  atMs,
  route: 'all',
  pool: 'erp',
  upstream: 'erp-1',
  method: 'POST',
  path: '/',
  idempotencyKey: undefined,
  client: '192.0.2.1',
  bytesSent: 1,
  stage: 'sent',
  cause: 'reset: ECONNRESET',
})

test('the newest records are kept, newest first, and those that had to go are counted', () => {
  fc.assert(
    fc.property(fc.nat(40), fc.integer({ min: 1, max: 12 }), fc.nat(50), (added, kept, limit) => {
      const list = new InDoubtList({ kept })
      for (let i = 0; i < added; i += 1) list.add(record(i))
      const all = Array.from({ length: added }, (_, age) => added - 1 - age)
      expect(list.newest(Infinity).map(each => each.atMs)).toEqual(all.slice(0, kept))
      expect(list.newest(limit).map(each => each.atMs)).toEqual(all.slice(0, Math.min(kept, limit)))
      expect(list.total).toBe(added)
      expect(list.dropped).toBe(Math.max(0, added - kept))
    }),
  )
})

test('what a worker had in flight is counted by upstream, long polls included', () => {
  const row = new CounterRow(allocateCounters(1), 0)
  const pools = [{ plan: { name: 'erp' }, entries: [2, 3].map(slot => ({ slot, plan: { name: `erp-${slot}` } })) }]
  expect(lostRequests(row, pools)).toEqual({ total: 0, upstreams: {} })
  row.move(2, GAUGE.inFlight, 1)
  row.move(2, GAUGE.longPolls, 1)
  row.move(9, GAUGE.inFlight, 1)
  row.move(3, GAUGE.tunnels, 1)
  expect(lostRequests(row, pools)).toEqual({ total: 3, upstreams: { 'erp/erp-2': 2 } })
})

test('a request is settled under its id, wherever it stands in the list, and a later word replaces an earlier one', () => {
  const changes: string[] = []
  const list = new InDoubtList({
    kept: 3,
    tell: ({ requests }) => changes.push(...requests.map(({ requestId }) => `${requestId} settled`)),
  })
  for (let i = 0; i < 5; i += 1) list.add(record(i))
  // A client that names its requests itself may use a name twice.
  list.add({ ...record(5), requestId: 'r-4' })
  const order = { resolution: 'done', note: 'seen in the ledger', by: 'ana' } as const
  expect(list.resolve('r-0', order, 9)).toBe(false)
  expect(list.resolve('r-4', order, 9)).toBe(true)
  expect([list.open, list.openOf('erp'), list.openOf('bus')]).toEqual([1, 1, 0])
  list.resolve('r-4', { ...order, resolution: 'not-done' }, 10)
  expect(list.newest(3).map(({ requestId, resolved }) => [requestId, resolved?.resolution, resolved?.atMs])).toEqual([
    ['r-4', 'not-done', 10],
    ['r-4', 'not-done', 10],
    ['r-3', undefined, undefined],
  ])
  expect(changes.filter(text => text.endsWith('settled'))).toHaveLength(4)
  // The next takes the place of the oldest, which was the one that nobody has settled.
  list.add(record(6))
  expect(list.open).toBe(1)
})
