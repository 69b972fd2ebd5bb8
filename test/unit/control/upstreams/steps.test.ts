// Steps by themselves: whatever happens to an upstream, in whatever order, what is told adds up to what it is.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { afterDeadline, afterHold, afterRelease, afterWeight } from '../../../../src/control/upstreams/after-order.ts'
import { afterProbe } from '../../../../src/control/upstreams/after-probe.ts'
import { afterReload } from '../../../../src/control/upstreams/after-reload.ts'
import { type Entry, newEntry } from '../../../../src/control/upstreams/entry.ts'
import { afterTransportFailure } from '../../../../src/control/upstreams/passive-health.ts'
import { withShare } from '../../../../src/control/upstreams/share.ts'
import type { Step } from '../../../../src/control/upstreams/step.ts'
import type { OutlierPlan } from '../../../../src/plan/pool.ts'
import { readHints } from '../../../../src/policy/upstream/agent-hints.ts'
import { deriveAvailability } from '../../../../src/policy/upstream/availability.ts'
import { holdFact, strictest } from '../../../../src/policy/upstream/holds.ts'
import { amount } from '../../../support/thorough.ts'
import { HTTP_HEALTH, poolPlan, upstreamPlan } from '../fixtures/snapshot.ts'

const NOTHING_MET = { responses: 0, serverErrors: 0, gatewayErrors: 0, firstByteMs: 0 }
const OUTLIER: OutlierPlan = {
  ...{ consecutiveFailures: 2, consecutiveGatewayErrors: 0, serverErrors: undefined, latency: undefined },
  ...{ windowMs: 10_000, ejectionMs: 5_000, longestEjectionMs: 9_000, maxEjected: 0.5 },
  probation: { share: 0.1, successes: 2 },
}
const POOL = poolPlan('erp', [upstreamPlan('erp-1', 8101), upstreamPlan('erp-2', 8102)], {
  health: { ...HTTP_HEALTH, hints: true },
  outlier: OUTLIER,
  slowStartMs: 20_000,
})
const [PLAN, OTHER_PLAN] = POOL.upstreams as [(typeof POOL.upstreams)[0], (typeof POOL.upstreams)[0]]
const TIMING = { rise: 2, fall: 2 }

type Happening = (entry: Entry, other: Entry, nowMs: number) => Step

const hold = fc.record({
  source: fc.constantFrom('operator', 'window'),
  status: fc.constantFrom('draining', 'disabled'),
  reason: fc.constantFrom('patching', 'new disks'),
  by: fc.constant('ana'),
  deadlineMs: fc.constantFrom(undefined, 4_000, 40_000),
})
const happening: fc.Arbitrary<Happening> = fc.oneof(
  fc.record({ ok: fc.boolean(), drain: fc.boolean(), weight: fc.constantFrom('100%', '40%', 'much') }).map(
    ({ ok, drain, weight }): Happening =>
      (entry, other, nowMs) => {
        const fields = { 'x-vigia-state': drain ? 'drain' : 'ready', 'x-vigia-weight': weight }
        const hints = readHints(200, fields, { hints: true })
        const result = { ok, durationMs: 1, status: 200, error: ok ? undefined : 'status 500', hints }
        return afterProbe(entry, result, { health: TIMING, others: [other], totals: NOTHING_MET, nowMs })
      },
  ),
  hold.map(
    (order): Happening =>
      (entry, _, nowMs) =>
        afterHold(entry, order, nowMs),
  ),
  fc.constantFrom('operator', 'window').map(
    (source): Happening =>
      (entry, _, nowMs) =>
        afterRelease(entry, source, nowMs, 'enabled by ana', 'ana'),
  ),
  fc.constant<Happening>((entry, _, nowMs) => afterDeadline(entry, nowMs)),
  fc.constantFrom({ weight: 7 }, { percent: 50 }, undefined).map(
    (value): Happening =>
      (entry, _, nowMs) =>
        afterWeight(entry, value, { reason: 'new disks', by: 'ana' }, nowMs),
  ),
  fc.constant<Happening>((entry, other, nowMs) =>
    afterTransportFailure(entry, RESET, { plan: POOL, slot: 1, entries: [entry, other] }, NOTHING_MET, nowMs),
  ),
  fc.constantFrom(POOL, { ...POOL, health: { kind: 'none' } } as const).map(
    (pool): Happening =>
      (entry, _, nowMs) =>
        afterReload(entry, pool, PLAN, nowMs),
  ),
)

const RESET = { error: 'reset', client: undefined, provoked: false }

test('what is told of an upstream adds up to what it is, whatever happens to it, and no step changes what it was given', () => {
  const other = Object.freeze(newEntry(POOL, OTHER_PLAN, 3, NOTHING_MET, 0))
  fc.assert(
    fc.property(fc.array(happening, { maxLength: 30 }), happenings => {
      let entry = newEntry(POOL, PLAN, 2, NOTHING_MET, 0)
      for (const [at, happen] of happenings.entries()) {
        const nowMs = 1_000 * (at + 1)
        const step = happen(deepFreeze(entry), other, nowMs)
        expectToAddUp(entry, step, nowMs)
        entry = withShare(step.entry, POOL, nowMs)
        expect(entry.weight).toBeLessThanOrEqual(entry.weightOverride === undefined ? PLAN.weight : 100)
      }
    }),
    { numRuns: amount(100) },
  )
})

function expectToAddUp(before: Entry, { entry, events }: Step, nowMs: number): void {
  const { availability } = entry.verdict
  expect(entry.verdict).toEqual(deriveAvailability(entry.state))
  expect(entry.state.hold).toEqual(holdFact(entry.holds))
  let from = before.verdict.availability
  for (const event of events) {
    if (event.type !== 'transition') continue
    expect(event.transition).toMatchObject({ pool: 'erp', upstream: 'erp-1', atMs: nowMs, from })
    from = event.transition.to
  }
  expect(from).toBe(availability)
  expect(entry.sinceMs === nowMs).toBe(before.verdict.availability !== availability)
  const types = events.map(({ type }) => type)
  // An operator's order is told as an order; what a deadline makes of it is not.
  const [was, is] = [before, entry].map(({ holds }) => holds.find(({ source }) => source === 'operator'))
  const isDue = is?.status === 'disabled' && is.deadlineMs !== undefined
  expect(types.includes('holds')).toBe(before.holds !== entry.holds && (was === is || isDue))
  expect(types.includes('outlier')).toBe(before.state.outlier.status !== entry.state.outlier.status)
  const isDisabled = (each: Entry) => strictest(each.holds)?.status === 'disabled'
  expect(types.includes('disabled')).toBe(isDisabled(entry) && !isDisabled(before))
}

/** Whoever writes to it throws. */
function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    for (const each of Object.values(value)) deepFreeze(each)
  }
  return value
}

test('silence is told once when an unhealthy upstream answers nothing, and once when that is over', () => {
  let entry = newEntry(POOL, PLAN, 1, NOTHING_MET, 0)
  const other = newEntry(POOL, OTHER_PLAN, 2, NOTHING_MET, 0)
  const probe = (status: number | undefined) => {
    const ok = status === 200
    const result = { ok, durationMs: 1, status, error: ok ? undefined : 'bad' }
    const step = afterProbe(entry, result, { health: TIMING, others: [other], totals: NOTHING_MET, nowMs: 1 })
    entry = step.entry
    return step.events.filter(event => event.type === 'silent').map(event => event.silent)
  }
  // Out, but it answers; then it does not; then it does, and is well at last.
  const told = [200, 503, 503, undefined, undefined, 503, undefined, 200, 200, 200].map(probe)
  expect(told).toEqual([[], [], [], [true], [], [false], [true], [false], [], []])
})
