// Windows under a clock that is set: forward, back, twice, over a clock change, before and after a restart. What an instant decided that
// did not come (again) lasts no longer than the error.

import { afterEach, expect, test } from 'vitest'
import { keptFacts, windowChange } from '../../../../src/control/record/window-changes.ts'
import type { ProbeResult } from '../../../../src/control/upstreams/probes/probe.ts'
import { Registry } from '../../../../src/control/upstreams/registry.ts'
import { MaintenanceWindows } from '../../../../src/control/windows/maintenance-windows.ts'
import type { WindowEventKind } from '../../../../src/control/windows/window-event.ts'
import type { WindowPlan } from '../../../../src/plan/window.ts'
import { UpstreamTable } from '../../../../src/shared/upstream-table.ts'
import { at, DAY_MS, HOUR_MS, lasting, MINUTE_MS, plan } from '../../policy/maintenance/plans.ts'
import { poolPlan, snapshotOf, TCP_HEALTH, upstreamPlan } from '../fixtures/snapshot.ts'

const ZONE = 'America/Sao_Paulo'
const ONE = at(`2026-12-06T01:00[${ZONE}]`)
const TWO = ONE + HOUR_MS
const FOUR = ONE + 3 * HOUR_MS
const FIVE = ONE + 4 * HOUR_MS
const KEY = 'night@2026-12-06T02:00:00'
const OK: ProbeResult = { ok: true, durationMs: 1, status: undefined, error: undefined }

/** From 02:00 to 04:00 each night, pool odoo. */
const night = (changes: Partial<WindowPlan> = {}): WindowPlan =>
  plan({ name: 'night', start: '2026-11-01T02:00', length: lasting(2), recurrence: 'FREQ=DAILY', ...changes })

const opened: MaintenanceWindows[] = []
afterEach(() => {
  for (const each of opened.splice(0)) each.close()
})

/** What the store keeps over a restart. */
type Kept = Map<string, unknown>

function start(nowMs: number, window = night(), kept: Kept = new Map()) {
  let clockMs = nowMs
  const now = () => clockMs
  const upstreams = [1, 2].map(n => upstreamPlan(`odoo-${n}`, 8100 + n))
  const snapshot = snapshotOf({ pools: [poolPlan('odoo', upstreams, { health: TCP_HEALTH })], maintenance: [window] })
  const registry = new Registry({
    table: new UpstreamTable(),
    totals: () => ({ responses: 0, serverErrors: 0, gatewayErrors: 0, firstByteMs: 0 }),
    sent: () => 0,
    tell: () => {},
    now,
  })
  const slots = registry.apply(snapshot).upstreams[0]!
  const kinds: WindowEventKind[] = []
  const windows = new MaintenanceWindows(snapshot, {
    registry,
    now,
    restores: true,
    tell: event => {
      if (event.type === 'window') kinds.push(event.kind)
      if (event.type !== 'window-fact') return
      const change = windowChange(event.fact)
      if (change.op === 'put') kept.set(change.id, JSON.parse(JSON.stringify(change.value)))
      else kept.delete(change.id)
    },
  })
  opened.push(windows)
  windows.restore(keptFacts([...kept].map(([id, value]) => ({ id, value, updatedMs: 0 }))))
  windows.start()
  const answer = (ok: boolean) => {
    const result = ok ? OK : { ...OK, ok, error: 'connection refused' }
    for (let times = 0; times < 3; times += 1) registry.probed(slots[0]!, result)
  }
  registry.probed(slots[1]!, OK)
  answer(true)
  return {
    windows,
    kinds,
    answer,
    /** Time goes by. */
    goTo(toMs: number) {
      clockMs = toMs
      windows.tick()
    },
    /** Somebody sets the clock, and control notices it. */
    setTo(toMs: number) {
      const byMs = toMs - clockMs
      clockMs = toMs
      windows.clockStepped(byMs)
    },
    status: () => windows.state('night')!.status,
    isClosed: () => registry.pools()[0]!.entries.every(({ verdict }) => verdict.availability === 'disabled'),
  }
}

test('a clock that was ahead by hours, and is corrected, takes no window with it', () => {
  const { setTo, goTo, status, isClosed, kinds } = start(ONE)
  setTo(FIVE)
  expect([status(), isClosed()]).toEqual(['scheduled', false])
  setTo(ONE + 30 * MINUTE_MS)
  goTo(TWO)
  expect([status(), isClosed()]).toEqual(['active', true])
  goTo(FOUR - 1)
  expect(isClosed()).toBe(true)
  goTo(FOUR)
  expect([status(), isClosed(), kinds]).toEqual(['scheduled', false, ['started', 'ended']])
})

test('nor one that was set wrong twice, or noticed late: by the look of a window itself', () => {
  const { goTo, isClosed } = start(ONE)
  for (const wrongMs of [FIVE, ONE, FIVE + DAY_MS, ONE - DAY_MS, FIVE, ONE]) goTo(wrongMs)
  goTo(TWO)
  expect(isClosed()).toBe(true)
  goTo(FOUR)
  expect(isClosed()).toBe(false)
})

test('what has to be confirmed stays so, though a clock that was ahead took it for over', () => {
  const confirm = night({ overrun: 'confirm' })
  // Made just now: what ended before needs nobody's word.
  const { setTo, goTo, status } = start(FIVE, confirm)
  expect(status()).toBe('scheduled')
  setTo(ONE)
  goTo(TWO)
  goTo(FOUR)
  expect(status()).toBe('overrun')
  // The instant at which it was taken for over comes at last, and changes nothing.
  goTo(FIVE + MINUTE_MS)
  expect(status()).toBe('overrun')
})

test('a window that was first met by a clock far behind is as new as it was', () => {
  const { setTo, status, isClosed } = start(
    ONE - 20 * 365 * DAY_MS,
    night({ start: '2000-01-01T02:00', overrun: 'confirm' }),
  )
  setTo(FIVE)
  expect([status(), isClosed()]).toEqual(['scheduled', false])
})

test('a window that was held back by a clock that was ahead is asked for again, and begins', () => {
  const { setTo, goTo, status, answer, kinds } = start(
    ONE,
    night({ scope: { kind: 'upstream', pool: 'odoo', upstream: 'odoo-2' }, behaviour: 'drain' }),
  )
  answer(false)
  setTo(TWO + MINUTE_MS)
  expect(status()).toBe('postponed')
  setTo(ONE + MINUTE_MS)
  answer(true)
  goTo(TWO)
  expect(status()).toBe('active')
  goTo(FOUR)
  expect([status(), kinds]).toEqual(['scheduled', ['postponed', 'started', 'ended']])
})

test('what is over stays over where the clock is away for a moment: a failing probe closes nothing again', () => {
  const { setTo, goTo, answer, isClosed } = start(ONE, night({ onlyWhenHealthy: true }))
  goTo(TWO)
  goTo(FOUR)
  const NOON = ONE + 11 * HOUR_MS
  goTo(NOON)
  answer(false)
  for (const awayMs of [ONE, FIVE + 10 * DAY_MS]) {
    setTo(awayMs)
    setTo(NOON)
    expect(isClosed()).toBe(false)
  }
})

test('what people ordered by a wrong clock stays', () => {
  const { windows, setTo, goTo, status } = start(ONE)
  setTo(TWO + MINUTE_MS)
  windows.learn({ kind: 'ended', key: KEY, atMs: TWO + MINUTE_MS })
  windows.tick()
  setTo(ONE + 2 * MINUTE_MS)
  goTo(TWO)
  expect(status()).toBe('scheduled')
})

test('a correction of less than a second is no news', () => {
  const { goTo, isClosed, kinds } = start(ONE)
  goTo(TWO)
  goTo(FOUR)
  goTo(FOUR - 900)
  // By the calendar it is not over yet: that it was over is known from then on.
  expect([isClosed(), kinds]).toEqual([false, ['started', 'ended']])
})

test('a clock that is set over the change to summer time and back leaves the windows of both days', () => {
  // 02:00 to 03:00 does not exist on 8 March 2026 in New York.
  const window = night({ start: '2026-03-01T02:30', length: lasting(1), timeZone: 'America/New_York' })
  const before = at('2026-03-08T01:00[America/New_York]')
  const { setTo, goTo, isClosed } = start(before, window)
  setTo(at('2026-03-09T05:00[America/New_York]'))
  setTo(before + MINUTE_MS)
  const closedAt = (time: string) => {
    goTo(at(`${time}[America/New_York]`))
    return isClosed()
  }
  const times = ['2026-03-08T03:29', '2026-03-08T03:30', '2026-03-08T04:30', '2026-03-09T02:30', '2026-03-09T03:30']
  expect(times.map(closedAt)).toEqual([false, true, false, true, false])
})

test.each([
  ['before the window', ONE + 30 * MINUTE_MS],
  ['within it', TWO + 30 * MINUTE_MS],
])('a restart by a wrong clock that is corrected before the next one, %s, takes no window with it', (_, backMs) => {
  const kept: Kept = new Map()
  const confirm = night({ overrun: 'confirm' })
  start(FIVE, confirm, kept).windows.close()
  const { goTo, isClosed, status } = start(backMs, confirm, kept)
  goTo(TWO + 31 * MINUTE_MS)
  expect(isClosed()).toBe(true)
  goTo(FOUR)
  expect(status()).toBe('overrun')
  // Neither now nor after another restart, when the wrong instant has come.
  expect(start(FIVE + MINUTE_MS, confirm, kept).status()).toBe('overrun')
})

test('facts of versions that wrote no instant count, as they did for these', () => {
  const kept: Kept = new Map([
    ['known night', { kind: 'known', window: 'night', atMs: ONE - DAY_MS }],
    [`reopened ${KEY}`, { kind: 'reopened', key: KEY }],
  ])
  expect(start(FIVE, night({ overrun: 'confirm' }), kept).status()).toBe('scheduled')
})
