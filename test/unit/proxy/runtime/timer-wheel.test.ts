// The wheel that serves every deadline of a worker.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Expiring, Timer, TimerWheel } from '../../../../src/proxy/runtime/timer-wheel.ts'
import { amount } from '../../../support/thorough.ts'

const TICK_MS = 50

class Probe implements Expiring {
  readonly timer = new Timer(this)
  readonly firedAt: number[] = []
  readonly #now: () => number
  readonly #then: () => void

  constructor(now: () => number, then: () => void = () => {}) {
    this.#now = now
    this.#then = then
  }

  onDeadline(): void {
    this.firedAt.push(this.#now())
    this.#then()
  }
}

test('a timer fires once, never early, and at most two ticks and the step of the clock late', () => {
  let now = 0
  const wheel = new TimerWheel(now, TICK_MS)
  const probe = new Probe(() => now)
  wheel.arm(probe.timer, 200)
  for (now = 10; now < 1000; now += 10) wheel.advance(now)
  expect(probe.firedAt).toHaveLength(1)
  expect(probe.firedAt[0]).toBeGreaterThanOrEqual(200)
  expect(probe.firedAt[0]).toBeLessThanOrEqual(200 + 2 * TICK_MS + 10)
})

test('a deadline beyond the wheel is kept', () => {
  let now = 0
  const wheel = new TimerWheel(now, TICK_MS)
  const probe = new Probe(() => now)
  wheel.arm(probe.timer, 3_600_000)
  for (now = 1000; now < 3_600_000; now += 1000) wheel.advance(now)
  expect(probe.firedAt).toEqual([])
  for (; now < 3_602_000; now += 1000) wheel.advance(now)
  expect(probe.firedAt).toHaveLength(1)
})

test('after the machine slept for an hour every due timer fires', () => {
  let now = 0
  const wheel = new TimerWheel(now, TICK_MS)
  const probes = [100, 10_000, 60_000].map(ms => {
    const probe = new Probe(() => now)
    wheel.arm(probe.timer, ms)
    return probe
  })
  now = TICK_MS
  wheel.advance(now)
  now = 3_600_000
  wheel.advance(now)
  now += 200_000
  wheel.advance(now)
  for (const probe of probes) expect(probe.firedAt).toHaveLength(1)
})

test('what is armed while the thread is behind is not early for it, however long that was', () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ busyMs: fc.integer({ min: 0, max: 3_000 }), ms: fc.integer({ min: 1, max: 4_000 }) }), {
        minLength: 1,
        maxLength: 20,
      }),
      busy => {
        let now = 0
        let mostBehind = 0
        const wheel = new TimerWheel(now, TICK_MS)
        const probes: { readonly probe: Probe; readonly dueMs: number }[] = []
        for (const { busyMs, ms } of busy) {
          now += busyMs
          mostBehind = Math.max(mostBehind, busyMs)
          const probe = new Probe(() => now)
          wheel.arm(probe.timer, ms)
          probes.push({ probe, dueMs: now + ms })
          wheel.advance(now)
        }
        for (const end = now + 8_000; now < end; now += 40) wheel.advance(now)
        for (const { probe, dueMs } of probes) {
          expect(probe.firedAt).toHaveLength(1)
          expect(probe.firedAt[0]).toBeGreaterThanOrEqual(dueMs - TICK_MS)
          expect(probe.firedAt[0]).toBeLessThanOrEqual(dueMs + 2 * mostBehind + 3 * TICK_MS + 40)
        }
      },
    ),
    { numRuns: amount(300) },
  )
})

test('an owner may drop and arm others while it fires, those of its own tick too', () => {
  let now = 0
  const wheel = new TimerWheel(now, TICK_MS)
  const others = [new Probe(() => now), new Probe(() => now), new Probe(() => now)] as const
  const first = new Probe(
    () => now,
    () => {
      wheel.drop(others[0].timer)
      wheel.arm(others[1].timer, 500)
    },
  )
  for (const probe of [...others, first]) wheel.arm(probe.timer, 100)
  for (now = 10; now < 400; now += 10) wheel.advance(now)
  expect(others.map(probe => probe.firedAt.length)).toEqual([0, 0, 1])
  for (; now < 1000; now += 10) wheel.advance(now)
  expect(others[1].firedAt).toHaveLength(1)
})

test('whatever is armed, moved, disarmed and dropped: exactly the due ones fire, in time', () => {
  const act = fc.oneof(
    fc.record({ kind: fc.constant('arm' as const), at: fc.nat(5), ms: fc.integer({ min: 0, max: 120_000 }) }),
    fc.record({ kind: fc.constant('drop' as const), at: fc.nat(5), ms: fc.constant(0) }),
    fc.record({ kind: fc.constant('disarm' as const), at: fc.nat(5), ms: fc.constant(0) }),
    fc.record({ kind: fc.constant('pass' as const), at: fc.constant(0), ms: fc.integer({ min: 1, max: 30_000 }) }),
  )
  fc.assert(
    fc.property(fc.array(act, { maxLength: 40 }), acts => {
      let now = 0
      const wheel = new TimerWheel(now, TICK_MS)
      const probes = Array.from({ length: 6 }, () => new Probe(() => now))
      const due: (number | undefined)[] = probes.map(() => undefined)
      for (const { kind, at, ms } of acts) {
        const probe = probes[at]!
        if (kind === 'arm') {
          wheel.arm(probe.timer, ms)
          due[at] = ms > 0 ? now + ms : undefined
        } else if (kind === 'drop') wheel.drop(probe.timer)
        else if (kind === 'disarm') wheel.disarm(probe.timer)
        if (kind === 'drop' || kind === 'disarm') due[at] = undefined
        if (kind !== 'pass') continue
        const until = now + ms
        while (now < until) {
          now = Math.min(until, now + 37)
          wheel.advance(now)
          for (const [i, each] of probes.entries()) {
            const fired = each.firedAt.length > 0
            if (fired) {
              expect(due[i]).toBeDefined()
              expect(now).toBeGreaterThanOrEqual(due[i]!)
              due[i] = undefined
              each.firedAt.length = 0
            } else if (due[i] !== undefined) expect(now).toBeLessThanOrEqual(due[i]! + 2 * TICK_MS + 37)
          }
        }
      }
    }),
    { numRuns: amount(300) },
  )
})
