import { expect, test } from 'vitest'
import { drainReport } from '../../../../src/control/report/drain-report.ts'
import { DrainWatch } from '../../../../src/control/upstreams/drain-watch.ts'
import { type Entry, newEntry } from '../../../../src/control/upstreams/entry.ts'
import type { Holds } from '../../../../src/policy/upstream/holds.ts'
import { GAUGE } from '../../../../src/shared/counter-cells.ts'
import { allocateCounters, CounterTable } from '../../../../src/shared/counters.ts'
import { SessionTable } from '../../../../src/shared/sessions.ts'
import { poolPlan, upstreamPlan } from '../fixtures/snapshot.ts'

const SLOT = 5
const START = Date.parse('2026-03-01T03:00:00Z')
const NOTHING_MET = { responses: 0, serverErrors: 0, gatewayErrors: 0, firstByteMs: 0 }

function setUp() {
  const counters = new CounterTable(allocateCounters(2), 2)
  const sessions = new SessionTable()
  const watch = new DrainWatch(counters, sessions)
  const pool = poolPlan('erp', [upstreamPlan('erp-1', 8101)])
  const entry = (status: 'draining' | 'disabled', sinceMs = START): Entry => {
    const hold = { source: 'operator', status, reason: 'patching', by: 'ana', sinceMs } as const
    const holds: Holds = [{ ...hold, drainSinceMs: sinceMs, deadlineMs: sinceMs + 3_600_000 }]
    return { ...newEntry(pool, pool.upstreams[0]!, SLOT, NOTHING_MET, START), holds }
  }
  const report = (each: Entry, nowMs: number) => drainReport(watch.of(each, nowMs))
  return { counters, sessions, watch, report, entry, idle: { ...entry('draining'), holds: [] } }
}

test('an upstream that nobody drains has no report', () => {
  const { watch, report, idle } = setUp()
  watch.tick([idle], START)
  expect(report(idle, START)).toBeNull()
})

test('what is left is summed over the workers, and sessions count until the upstream is disabled', () => {
  const { report, counters, sessions, entry } = setUp()
  counters.rows[0]!.move(SLOT, GAUGE.inFlight, 1)
  counters.rows[1]!.move(SLOT, GAUGE.inFlight, 1)
  counters.rows[1]!.move(SLOT, GAUGE.tunnels, 1)
  counters.rows[0]!.move(SLOT, GAUGE.longPolls, 1)
  sessions.note(SLOT, 0x12345678)
  expect(report(entry('draining'), START)).toEqual({
    since: '2026-03-01T03:00:00.000Z',
    by: 'ana',
    reason: 'patching',
    deadline: '2026-03-01T04:00:00.000Z',
    remaining: { inFlight: 2, longPolls: 1, tunnels: 1, sessions: 1 },
    freeAt: null,
  })
  expect(report(entry('disabled'), START)?.remaining.sessions).toBe(0)
})

/** Hundreds of ticks, so that what is remembered has to be thinned out. */
test('a drain that goes on steadily is forecast, over its whole length', () => {
  const { watch, report, counters, entry } = setUp()
  const draining = entry('draining')
  const row = counters.rows[0]!
  for (let i = 0; i < 1000; i += 1) row.move(SLOT, GAUGE.inFlight, 1)
  for (let second = 0; second < 600; second += 1) {
    watch.tick([draining], START + second * 1000)
    row.move(SLOT, GAUGE.inFlight, -1)
  }
  const { freeAt } = report(draining, START + 600_000)!
  expect(Math.abs(Date.parse(freeAt!) - (START + 1_000_000))).toBeLessThan(5_000)
})

test('another drain of the same upstream begins afresh', () => {
  const { watch, report, counters, entry, idle } = setUp()
  const row = counters.rows[0]!
  for (let i = 0; i < 20; i += 1) row.move(SLOT, GAUGE.inFlight, 1)
  for (let second = 0; second < 10; second += 1) {
    watch.tick([entry('draining')], START + second * 1000)
    row.move(SLOT, GAUGE.inFlight, -1)
  }
  expect(report(entry('draining'), START + 10_000)?.freeAt).not.toBeNull()
  const later = entry('draining', START + 20_000)
  expect(report(later, START + 20_000)?.freeAt).toBeNull()
  watch.tick([idle], START + 30_000)
  expect(report(entry('draining'), START + 30_000)?.freeAt).toBeNull()
})
