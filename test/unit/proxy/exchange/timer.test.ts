// The one timer of an exchange: which of several deadlines comes first, and whose fault it then is.

import { expect, test } from 'vitest'
import { ExchangeTimer } from '../../../../src/proxy/exchange/timer.ts'
import { TimerWheel } from '../../../../src/proxy/runtime/timer-wheel.ts'
import { snapshotOf } from '../../control/fixtures/snapshot.ts'

const TICK_MS = 50
const TIMEOUTS = { ...snapshotOf().timeouts, halfClosedMs: 500 }

class Stage {
  now = 0
  /** When the deadline passed, ms. */
  passedMs: number | undefined = undefined
  readonly wheel = new TimerWheel(0, TICK_MS)
  readonly timer = new ExchangeTimer(this, this.wheel, TIMEOUTS, undefined)

  onDeadline(): void {
    this.passedMs = this.now
  }

  passUntil(ms: number): void {
    for (; this.now < ms; this.now += 10) this.wheel.advance(this.now)
  }

  get act(): string {
    return this.timer.judge(false, false).act
  }
}

test.each([
  ['queue', 'queue-timeout'],
  ['verdict', 'no-upstream'],
  ['response', 'fail-attempt'],
] as const)('a client that closes its sending side puts off no deadline: %s', (phase, act) => {
  const stage = new Stage()
  stage.timer.phase = phase
  stage.timer.armForClient(400)
  stage.passUntil(200)
  stage.timer.onClientHalfClosed()
  stage.passUntil(2_000)
  expect(stage.passedMs).toBeLessThanOrEqual(400 + 2 * TICK_MS + 10)
  expect(stage.act).toBe(act)
})

test.each(['queue', 'verdict', 'response', 'body'] as const)(
  'a client that closes its sending side is waited for no longer than half-closed clients are: %s',
  phase => {
    const stage = new Stage()
    stage.timer.phase = phase
    stage.timer.armForClient(60_000)
    stage.passUntil(200)
    stage.timer.onClientHalfClosed()
    stage.passUntil(2_000)
    expect(stage.passedMs).toBeGreaterThanOrEqual(700)
    expect(stage.passedMs).toBeLessThanOrEqual(700 + 2 * TICK_MS + 10)
    expect(stage.act).toBe('client-gone')
  },
)

test('a client that has closed its sending side gets its answer if it comes within any deadline of the upstream', () => {
  const stage = new Stage()
  stage.timer.onClientHalfClosed()
  stage.timer.phase = 'response'
  stage.timer.armForClient(300)
  stage.passUntil(2_000)
  expect(stage.passedMs).toBeLessThanOrEqual(300 + 2 * TICK_MS + 10)
  // So the client is told, and a request that may have been carried out is recorded.
  expect(stage.act).toBe('fail-attempt')
})
