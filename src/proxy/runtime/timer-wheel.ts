// One coarse timer wheel for every deadline of a worker: arming is a few assignments, one interval drives all.
// A timer fires late by at most two ticks and by how long the thread was busy; never early by more than the tick that an interval
// may waver. Moving a deadline back (the usual case) does not touch the wheel.

export interface Expiring {
  /** Called once when the deadline has passed; the timer is then disarmed. */
  onDeadline(): void
}

const SLOTS = 1024
/** Delays that are remembered; beyond it the oldest is forgotten. */
const DELAYS = 64

export class Timer {
  /** Deadline in wheel ticks; 0 = disarmed. */
  dueTick = 0
  /** Tick at which it was armed, as far as the wheel knew. */
  armedTick = 0
  /** Tick at which the wheel looks at it next; 0 = not linked. */
  linkedTick = 0
  next: Timer | undefined
  previous: Timer | undefined
  readonly owner: Expiring

  constructor(owner: Expiring) {
    this.owner = owner
  }
}

export class TimerWheel {
  readonly tickMs: number
  readonly #slots: (Timer | undefined)[] = new Array<Timer | undefined>(SLOTS).fill(undefined)
  #tick = 1
  #startMs: number
  /**
   * Ticks that were passed late, because the thread was busy, and by how many: what was armed in one of them may have been armed up
   * to so many ticks later.
   */
  readonly #delays = new Map<number, number>()

  constructor(nowMs: number, tickMs = 50) {
    this.tickMs = tickMs
    this.#startMs = nowMs
  }

  /** Sets or moves the deadline to `ms` from now; 0 = none. */
  arm(timer: Timer, ms: number): void {
    if (ms <= 0) {
      timer.dueTick = 0
      return
    }
    const due = this.#tick + 1 + Math.ceil(ms / this.tickMs)
    timer.dueTick = due
    timer.armedTick = this.#tick
    if (timer.linkedTick !== 0 && timer.linkedTick <= due) return
    if (timer.linkedTick !== 0) this.#unlink(timer)
    this.#link(timer)
  }

  /** How far away the deadline is, ms; 0 = there is none. */
  leftMs({ dueTick }: Timer): number {
    return dueTick === 0 ? 0 : (dueTick - this.#tick) * this.tickMs
  }

  disarm(timer: Timer): void {
    timer.dueTick = 0
  }

  /** Disarms and forgets the timer: for an owner that ends. */
  drop(timer: Timer): void {
    timer.dueTick = 0
    if (timer.linkedTick !== 0) this.#unlink(timer)
  }

  /** Fires what is due at `nowMs`. */
  advance(nowMs: number): void {
    const until = 1 + Math.floor((nowMs - this.#startMs) / this.tickMs)
    // After a long stall (a suspended machine) one round over all slots sees every timer.
    if (until - this.#tick > SLOTS) {
      this.#startMs += (until - this.#tick - SLOTS) * this.tickMs
      return this.advance(nowMs)
    }
    if (until > this.#tick + 1) this.#remember(this.#tick, until - this.#tick)
    while (this.#tick < until) {
      this.#tick += 1
      this.#visit(this.#tick)
    }
  }

  /** Takes timers one by one: an owner's `onDeadline` may arm or drop any other. Nothing links to the slot of the current tick. */
  #visit(tick: number): void {
    const slot = tick % SLOTS
    for (let timer = this.#slots[slot]; timer; timer = this.#slots[slot]) {
      this.#unlink(timer)
      if (timer.dueTick === tick) this.#putOff(timer)
      if (timer.dueTick > tick) this.#link(timer)
      else if (timer.dueTick !== 0) {
        timer.dueTick = 0
        timer.owner.onDeadline()
      }
    }
  }

  #remember(tick: number, delay: number): void {
    this.#delays.set(tick, delay)
    if (this.#delays.size <= DELAYS) return
    const [oldest] = this.#delays.keys()
    this.#delays.delete(oldest!)
  }

  /** Gives a timer back the time that may have passed already when it was armed. */
  #putOff(timer: Timer): void {
    timer.dueTick += this.#delays.get(timer.armedTick) ?? 0
    timer.armedTick = 0
  }

  /** A deadline beyond the wheel's horizon is looked at on the way and linked again. */
  #link(timer: Timer): void {
    const at = Math.min(timer.dueTick, this.#tick + SLOTS - 1)
    const first = this.#slots[at % SLOTS]
    timer.linkedTick = at
    timer.previous = undefined
    timer.next = first
    if (first) first.previous = timer
    this.#slots[at % SLOTS] = timer
  }

  #unlink(timer: Timer): void {
    if (timer.previous) timer.previous.next = timer.next
    else this.#slots[timer.linkedTick % SLOTS] = timer.next
    if (timer.next) timer.next.previous = timer.previous
    timer.next = undefined
    timer.previous = undefined
    timer.linkedTick = 0
  }
}
