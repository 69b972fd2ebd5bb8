// Calls back the senders who asked for it, once it is known what became of their requests: a signed POST without anything of the answer
// itself, for which they come back. A host that the route does not list any more is not called. When it is tried again, and how often,
// is in policy/hold/callback-tries.ts; that somebody is still to be called, what keeps held requests remembers.

import type { HeldRow } from '../../held/contract.ts'
import type { HoldPlan } from '../../plan/hold.ts'
import { judgeCall, MOST_CALLS, nextCallMs } from '../../policy/hold/callback-tries.ts'
import { callbackMessage } from './callback-message.ts'
import type { HoldingNews } from './held-event.ts'

export interface CallbacksOptions {
  /** Of a route as it is configured now; undefined = nobody is called. */
  readonly planOf: (route: string) => HoldPlan['callback']
  /** It is done with, one way or the other. */
  readonly called: (id: string) => void
  readonly tell: (news: HoldingNews) => void
  readonly post?: Post
  /** From 0 to 1. */
  readonly chance?: () => number
}

/** Resolves with the status. Rejects where there was no answer. */
export type Post = (
  url: URL,
  headers: Readonly<Record<string, string>>,
  body: string,
  signal: AbortSignal,
) => Promise<number>

interface Call {
  readonly row: HeldRow
  readonly url: string
  readonly tries: number
}

/** At once. */
const MOST_OPEN = 8
/** That wait for their turn or their next try. */
const MOST_WAITING = 100_000
const ANSWER_WITHIN_MS = 10_000

export class Callbacks {
  readonly #options: CallbacksOptions
  readonly #post: Post
  /** Their turn has come. */
  readonly #due: Call[] = []
  readonly #timers = new Map<string, NodeJS.Timeout>()
  /** Those that are not done with: what keeps them says all of them again when its thread is another. */
  readonly #known = new Set<string>()
  readonly #closing = new AbortController()
  #open = 0

  constructor(options: CallbacksOptions) {
    this.#options = options
    this.#post = options.post ?? post
  }

  /** Not done with yet. */
  get waiting(): number {
    return this.#known.size
  }

  call(row: HeldRow, url: string): void {
    if (this.#known.has(row.id)) return
    const call = { row, url, tries: 0 }
    if (this.waiting >= MOST_WAITING) return this.#giveUp(call, `${MOST_WAITING} others wait to be called`)
    this.#known.add(row.id)
    this.#due.push(call)
    this.#next()
  }

  /** Whoever was not called is once vigia runs again. */
  close(): void {
    this.#closing.abort()
    for (const timer of this.#timers.values()) clearTimeout(timer)
    this.#timers.clear()
    this.#due.length = 0
  }

  #next(): void {
    while (this.#open < MOST_OPEN && !this.#closing.signal.aborted) {
      const call = this.#due.shift()
      if (call === undefined) return
      this.#open += 1
      void this.#try(call).finally(() => {
        this.#open -= 1
        this.#next()
      })
    }
  }

  async #try({ row, url: text, tries: before }: Call): Promise<void> {
    const plan = this.#options.planOf(row.route)
    const url = URL.parse(text)
    const call = { row, url: text, tries: before + 1 }
    if (plan === undefined || url === null || !plan.hosts.includes(url.hostname))
      return this.#giveUp(call, `route ${row.route} does not list its host`)
    const { headers, body } = callbackMessage(row, plan.secret, Date.now())
    let why = 'no answer'
    let status: number | undefined
    try {
      const signal = AbortSignal.any([this.#closing.signal, AbortSignal.timeout(ANSWER_WITHIN_MS)])
      status = await this.#post(url, headers, body, signal)
      why = `it answered ${status}`
    } catch (error) {
      why = reasonOf(error)
    }
    if (this.#closing.signal.aborted) return
    const verdict = judgeCall(status)
    if (verdict === 'done') return this.#done(row.id)
    const waitMs = verdict === 'gone' ? undefined : nextCallMs(call.tries, (this.#options.chance ?? Math.random)())
    if (waitMs === undefined) return this.#giveUp(call, why)
    const timer = setTimeout(() => {
      this.#timers.delete(row.id)
      this.#due.push(call)
      this.#next()
    }, waitMs)
    timer.unref()
    this.#timers.set(row.id, timer)
  }

  #done(id: string): void {
    this.#known.delete(id)
    this.#options.called(id)
  }

  #giveUp({ row, url, tries }: Call, why: string): void {
    this.#done(row.id)
    this.#options.tell({
      phase: 'not-called',
      row,
      host: URL.parse(url)?.host ?? '?',
      tries: Math.min(tries, MOST_CALLS),
      why,
    })
  }
}

/** A redirect would lead to a host that nobody has listed. */
async function post(
  url: URL,
  headers: Readonly<Record<string, string>>,
  body: string,
  signal: AbortSignal,
): Promise<number> {
  const response = await fetch(url, { method: 'POST', headers, body, signal, redirect: 'manual' })
  await response.body?.cancel()
  return response.status
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (error.name === 'TimeoutError') return `no answer within ${ANSWER_WITHIN_MS / 1000} s`
  return error.cause instanceof Error ? error.cause.message : error.message
}
