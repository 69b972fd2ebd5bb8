// Held requests as control has them: opens what keeps them once a route needs it, hands workers their way to it, says what may be sent,
// carries out what people ask for, and tells what becomes of them. It keeps nothing and decides nothing.

import { existsSync } from 'node:fs'
import type { MessagePort } from 'node:worker_threads'
import type {
  Gate,
  HeldCounts,
  HeldEvent,
  HeldHealth,
  HeldOptions,
  HeldOrder,
  HeldOrderDone,
  HeldRequests,
  RouteCounts,
} from '../../held/contract.ts'
import type { HoldPlan } from '../../plan/hold.ts'
import type { Snapshot } from '../../plan/snapshot.ts'
import { type Refusal, refuse } from '../../util/refusal.ts'
import { BoundedNews } from './bounded-news.ts'
import { Callbacks, type Post } from './callbacks.ts'
import type { HoldingEvent, HoldingNews } from './held-event.ts'
import { Rates } from './rates.ts'
import { Stretches } from './stretches.ts'

export interface HeldPartOptions {
  /** Opens what keeps them; it heals itself. */
  readonly open: (options: HeldOptions) => HeldRequests
  readonly table: SharedArrayBuffer
  /** Why requests of a route would wait now, for people. */
  readonly why: (route: string) => string
  readonly tell: (event: HoldingEvent) => void
  readonly post?: Post
}

const NONE: HeldCounts = new Map()
/** What can't be done where nothing is held. */
const NOT_OPEN = 'no route holds requests (configuration key "hold" of a route), and none were held before'

export class Held {
  readonly #options: HeldPartOptions
  readonly #news: BoundedNews
  readonly #stretches = new Stretches()
  readonly #rates = new Rates()
  readonly #callbacks: Callbacks
  #requests: HeldRequests | undefined
  #plans: ReadonlyMap<string, HoldPlan> = new Map()
  #gates: ReadonlyMap<string, Gate> = new Map()
  #health: HeldHealth = { status: 'ok' }

  constructor(options: HeldPartOptions) {
    this.#options = options
    this.#news = new BoundedNews(news => this.#tell(news))
    this.#callbacks = new Callbacks({
      planOf: route => this.#plans.get(route)?.callback,
      called: id => this.#requests?.called(id),
      tell: news => this.#tell(news),
      ...(options.post && { post: options.post }),
    })
  }

  /** Undefined = nothing is held, and nothing was. */
  get requests(): HeldRequests | undefined {
    return this.#requests
  }

  get health(): HeldHealth {
    return this.#health
  }

  /** Routes that hold requests, by name. */
  get plans(): ReadonlyMap<string, HoldPlan> {
    return this.#plans
  }

  /** Senders who are still to be called back. */
  get callbacks(): number {
    return this.#callbacks.waiting
  }

  counts(): HeldCounts {
    return this.#requests?.counts() ?? NONE
  }

  totals(route: string): RouteCounts['totals'] | undefined {
    return this.counts().get(route)?.totals
  }

  /** Requests a second that were forwarded, over the last minute. */
  rate(route: string): number {
    return this.#rates.of(route)
  }

  /** Takes over the routes of a configuration. Where held requests are is that of the start. */
  apply({ routes, held }: Pick<Snapshot, 'routes' | 'held'>): void {
    this.#plans = new Map(routes.flatMap(({ name, hold }) => (hold === undefined ? [] : [[name, hold] as const])))
    // What was held before is shown, and can be exported, even where no route holds any more.
    const isNeeded = held !== undefined && (this.#plans.size > 0 || existsSync(held.path))
    if (isNeeded) this.#requests ??= this.#open(held)
    this.#requests?.configure(this.#plans)
    this.#requests?.gate(this.#gates)
  }

  gate(gates: ReadonlyMap<string, Gate>): void {
    this.#gates = gates
    this.#requests?.gate(gates)
  }

  /** A worker's way to what keeps them; undefined = there is none. */
  connect(): MessagePort | undefined {
    return this.#requests?.connect()
  }

  /** Never rejects. */
  async carryOut(order: HeldOrder, by: string, reason: string): Promise<HeldOrderDone | Refusal> {
    if (this.#requests === undefined) return refuse('unavailable', NOT_OPEN)
    try {
      const done = await this.#requests.order(order)
      this.#tell({ phase: 'ordered', order, by, reason, done })
      return done
    } catch (error) {
      return unavailable(error)
    }
  }

  /** Never rejects. @param ask it */
  async ask<T>(
    ask: (requests: HeldRequests) => Promise<T>,
  ): Promise<{ readonly ok: true; readonly found: T } | Refusal> {
    if (this.#requests === undefined) return refuse('unavailable', NOT_OPEN)
    try {
      return { ok: true, found: await ask(this.#requests) }
    } catch (error) {
      return unavailable(error)
    }
  }

  /** To be called about once a second. */
  tick(): void {
    if (this.#requests === undefined) return
    const counts = this.#requests.counts()
    this.#news.tick(performance.now())
    this.#rates.tick(counts, performance.now())
    for (const ended of this.#stretches.ended(counts, Date.now())) this.#tell({ phase: 'emptied', ...ended })
  }

  async close(): Promise<void> {
    this.#callbacks.close()
    await this.#requests?.close()
  }

  #open(plan: NonNullable<Snapshot['held']>): HeldRequests {
    return this.#options.open({
      ...plan,
      table: this.#options.table,
      onEvent: event => this.#heard(event),
      onHealth: health => this.#healthChanged(health),
    })
  }

  #heard(event: HeldEvent): void {
    switch (event.type) {
      case 'held.began': {
        const { route, atMs } = event
        if (this.#stretches.began(route, this.counts(), atMs))
          this.#tell({ phase: 'began', route, why: this.#options.why(route) })
        return
      }
      case 'held.emptied':
        return this.#stretches.emptied(event.route, event.atMs)
      case 'held.dead':
        return this.#news.add('dead', event.row, performance.now())
      case 'held.in-doubt':
        return this.#news.add('in-doubt', event.row, performance.now())
      case 'held.call':
        return this.#callbacks.call(event.row, event.url)
    }
  }

  #healthChanged(health: HeldHealth): void {
    const before = this.#health
    this.#health = health
    if (health.status === 'degraded') {
      if (before.status === 'ok' || before.reason !== health.reason)
        this.#tell({ phase: 'degraded', reason: health.reason })
    } else if (before.status !== 'ok') this.#tell({ phase: 'healed' })
  }

  #tell(news: HoldingNews): void {
    this.#options.tell({ type: 'held', atMs: Date.now(), ...news })
  }
}

function unavailable(error: unknown): Refusal {
  return refuse('unavailable', error instanceof Error ? error.message : String(error))
}
