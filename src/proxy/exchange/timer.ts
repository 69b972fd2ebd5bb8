// The one timer of an exchange: which phase it is in, and until when. What follows a deadline that has passed is policy/request/deadline.ts;
// how long a slow client is waited for is policy/request/transfer-rate.ts.

import { performance } from 'node:perf_hooks'
import type { MinRatePlan, Timeouts } from '../../plan/bounds.ts'
import { type DeadlineVerdict, type ExchangePhase, judgeDeadline } from '../../policy/request/deadline.ts'
import { Transfer } from '../../policy/request/transfer-rate.ts'
import { type Expiring, Timer, type TimerWheel } from '../runtime/timer-wheel.ts'

const NOTHING: DeadlineVerdict = { act: 'nothing' }

export class ExchangeTimer extends Timer {
  #phase: ExchangePhase = 'verdict'
  #halfClosed = false
  /** It is for the client's closed side that the deadline is so near. */
  #hastened = false
  #waitedForClient = false
  readonly #wheel: TimerWheel
  readonly #timeouts: Timeouts
  /** Undefined = a client may be as slow as the idle timeout lets it. */
  readonly #minRate: MinRatePlan | undefined
  /** The bodies from the client and to it, from the moment at which it is waited for. */
  #upload: Transfer | undefined = undefined
  #download: Transfer | undefined = undefined
  /** The one of the two that the client is waited for now. */
  #awaited: Transfer | undefined = undefined
  /** It is the client's allowance that ends at the deadline. */
  #byRate = false

  constructor(owner: Expiring, wheel: TimerWheel, timeouts: Timeouts, minRate: MinRatePlan | undefined) {
    super(owner)
    this.#wheel = wheel
    this.#timeouts = timeouts
    this.#minRate = minRate
  }

  /** What the exchange waits for; each phase has its deadline. */
  get phase(): ExchangePhase {
    return this.#phase
  }

  set phase(phase: ExchangePhase) {
    if (this.#awaited) this.#stopWaiting()
    this.#phase = phase
  }

  /** A deadline that has nothing to do with a half-closed client. @param ms 0 = none */
  arm(ms: number): void {
    this.#hastened = false
    // Armed once more with every byte, a deadline that has come would never be reached: the wheel adds its own ticks each time.
    if (this.#byRate && this.dueTick !== 0 && this.tooSlow) return
    this.#wheel.arm(this, this.#awaited ? this.#nearer(ms, this.#awaited) : ms)
  }

  /** A deadline that a client which closed its sending side does not get in full. */
  armForClient(ms: number): void {
    const { halfClosedMs } = this.#timeouts
    const sooner = this.#halfClosed && (ms === 0 || ms > halfClosedMs)
    this.arm(sooner ? halfClosedMs : ms)
    this.#hastened = sooner
  }

  /** The client closed its sending side: it gets its answer if that comes soon. */
  onClientHalfClosed(): void {
    const { halfClosedMs } = this.#timeouts
    this.#halfClosed = true
    // How long a connection may take has nothing to do with the client.
    if (this.phase === 'connect') return
    const leftMs = this.#wheel.leftMs(this)
    if (leftMs !== 0 && leftMs <= halfClosedMs) return
    this.arm(halfClosedMs)
    this.#hastened = true
  }

  /** It waits for a permit, or for the first verdict. */
  awaitTurn(phase: 'queue' | 'verdict', ms: number): void {
    this.phase = phase
    this.armForClient(ms)
  }

  awaitConnection(): void {
    this.phase = 'connect'
    this.arm(this.#timeouts.connectMs)
  }

  awaitResponse(): void {
    this.phase = 'response'
    this.armForClient(this.#timeouts.responseMs)
  }

  /**
   * The rest of the request's body is awaited.
   * @param bytes that came before
   * @param upstreamsTurn the client can't be blamed yet: the upstream stalls, or has not asked for the body (100)
   */
  awaitBody(bytes: number, upstreamsTurn: boolean): void {
    if (this.#minRate && !this.#upload) {
      this.#upload = new Transfer(this.#minRate)
      this.#upload.add(bytes)
    }
    if (!upstreamsTurn) this.#wait(this.#upload)
    this.arm(this.#timeouts.idleMs)
  }

  /** Bytes of the request's body came. */
  onRequestBytes(bytes: number): void {
    const upload = this.#upload
    // A client that was to wait for a 100 has begun, asked or not.
    if (upload?.bytes === 0 && this.phase === 'request') this.#wait(upload)
    upload?.add(bytes)
    if (this.phase === 'request' || this.phase === 'body') this.arm(this.#timeouts.idleMs)
  }

  /** It is the upstream that does not take the request's body. */
  pauseBody(): void {
    if (this.phase === 'request' && this.#stopWaiting()) this.arm(this.#timeouts.idleMs)
  }

  /** Bytes of the response were passed on. @param waiting so many have to leave before vigia reads on; 0 = it reads on */
  onResponseBytes(waiting: number): void {
    this.#waitedForClient = false
    if (this.phase !== 'body') return
    if (waiting > 0 && this.#minRate) {
      this.#download ??= new Transfer(this.#minRate)
      this.#download.add(waiting)
      this.#wait(this.#download)
    }
    this.armForClient(this.#timeouts.idleMs)
  }

  /** The client has taken all that it was sent: now the upstream is to send more. */
  onReaderReady(): void {
    if (this.phase !== 'body') return
    this.#stopWaiting()
    this.armForClient(this.#timeouts.idleMs)
  }

  /** Once more the idle timeout for a client that is there, but reads slowly. */
  waitForClient(): void {
    this.#waitedForClient = true
    this.arm(this.#timeouts.idleMs)
  }

  /** The client was waited for longer than the least rate allows. */
  get tooSlow(): boolean {
    return this.#awaited !== undefined && this.#awaited.leftMs(performance.now()) <= 0
  }

  judge(upstreamStalls: boolean, clientStalls: boolean): DeadlineVerdict {
    if (this.#isEarly()) return NOTHING
    return judgeDeadline({
      phase: this.phase,
      tooSlow: this.tooSlow,
      upstreamStalls,
      clientStalls,
      halfClosed: this.#hastened,
      waitedForClient: this.#waitedForClient,
    })
  }

  end(): void {
    this.phase = 'over'
    this.#wheel.drop(this)
  }

  #wait(transfer: Transfer | undefined): void {
    this.#awaited = transfer
    transfer?.wait(performance.now())
  }

  /** @returns whether the client was waited for */
  #stopWaiting(): boolean {
    const awaited = this.#awaited
    this.#awaited = undefined
    awaited?.pause(performance.now())
    return awaited !== undefined
  }

  /** Whichever comes first: `ms` (0 = never) or the end of what the client is allowed. */
  #nearer(ms: number, awaited: Transfer): number {
    const leftMs = Math.max(1, awaited.leftMs(performance.now()))
    this.#byRate = ms === 0 || leftMs < ms
    return this.#byRate ? leftMs : ms
  }

  /** The wheel is coarse, and late where the thread was busy: nobody is called too slow before it is. */
  #isEarly(): boolean {
    if (!this.#awaited || !this.#byRate || this.tooSlow) return false
    this.arm(0)
    return true
  }
}
