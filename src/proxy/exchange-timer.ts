// The one timer of an exchange: which phase it is in, and until when. What follows a deadline that has passed is policy/deadline.ts.

import type { Timeouts } from '../config/snapshot.ts'
import { type DeadlineVerdict, type ExchangePhase, judgeDeadline } from '../policy/deadline.ts'
import { type Expiring, Timer, type TimerWheel } from './timer-wheel.ts'

export class ExchangeTimer extends Timer {
  /** What the exchange waits for; each phase has its deadline. */
  phase: ExchangePhase = 'verdict'
  #halfClosed = false
  #waitedForClient = false
  readonly #wheel: TimerWheel

  constructor(owner: Expiring, wheel: TimerWheel) {
    super(owner)
    this.#wheel = wheel
  }

  /** A deadline that has nothing to do with the client's patience. @param ms 0 = none */
  arm(ms: number): void {
    this.#wheel.arm(this, ms)
  }

  /** A deadline that a client which closed its sending side does not get in full. */
  armForClient(ms: number, { halfClosedMs }: Timeouts): void {
    const sooner = this.#halfClosed && (ms === 0 || ms > halfClosedMs)
    this.#wheel.arm(this, sooner ? halfClosedMs : ms)
  }

  /** The client closed its sending side: it gets its answer if that comes soon. */
  onClientHalfClosed({ halfClosedMs }: Timeouts): void {
    this.#halfClosed = true
    // How long a connection may take has nothing to do with the client.
    if (this.phase !== 'connect') this.#wheel.arm(this, halfClosedMs)
  }

  /** Bytes of the response were passed on. */
  onResponseBytes(timeouts: Timeouts): void {
    if (this.phase === 'body') this.armForClient(timeouts.idleMs, timeouts)
    this.#waitedForClient = false
  }

  /** Once more the idle timeout for a client that is there, but reads slowly. */
  waitForClient({ idleMs }: Timeouts): void {
    this.#waitedForClient = true
    this.#wheel.arm(this, idleMs)
  }

  judge(upstreamStalls: boolean, clientStalls: boolean): DeadlineVerdict {
    return judgeDeadline({
      phase: this.phase,
      upstreamStalls,
      clientStalls,
      halfClosed: this.#halfClosed,
      waitedForClient: this.#waitedForClient,
    })
  }

  end(): void {
    this.phase = 'over'
    this.#wheel.drop(this)
  }
}
