// Keeps one worker thread per counter row running: starts them, replaces one that dies, hands out snapshots, drains.
// It knows what workers say (shared/messages.ts), never what they do; the file they run is an argument.

import { Worker } from 'node:worker_threads'
import type { Logger } from '../../logging/logger.ts'
import type { CounterRow, CounterTable } from '../../shared/counters.ts'
import type { FromWorker, ToWorker, WorkerStart } from '../../shared/messages.ts'
import { CannotServe } from './cannot-serve.ts'
import type { LostRequests } from './lost-requests.ts'
import { RevisionGate } from './revision-gate.ts'
import type { WorkerEvent } from './worker-event.ts'

export interface SupervisorOptions {
  readonly workerUrl: URL
  readonly workers: number
  readonly counters: CounterTable
  readonly logger: Logger
  /** What a worker that starts now is given: always the newest snapshot. */
  readonly startData: (worker: number) => WorkerStart
  /** What a worker that has ended had in flight: its row still tells. */
  readonly lostOf: (row: CounterRow) => LostRequests
  readonly tell: (event: WorkerEvent) => void
}

export type WorkerState = 'starting' | 'ready' | 'draining' | 'gone'

export interface WorkerView {
  readonly worker: number
  readonly state: WorkerState
  /** Revision of the snapshot it serves; 0 = none yet. */
  readonly revision: number
  /** Epoch ms of its last change of state. */
  readonly sinceMs: number
  readonly restarts: number
}

interface Post {
  readonly worker: number
  thread: Worker | undefined
  state: WorkerState
  revision: number
  sinceMs: number
  bornMs: number
  restarts: number
  /** Deaths in a row, each soon after its start. */
  earlyDeaths: number
  lastError: string | undefined
  timer: NodeJS.Timeout | undefined
}

/** A worker that lived shorter than this died early: the cause is probably still there. */
const EARLY_DEATH_MS = 10_000
const FIRST_DELAY_MS = 100
const LONGEST_DELAY_MS = 5_000
const READY_WITHIN_MS = 30_000
/** What workers may take beyond the deadline of a drain before they are ended by force. */
const DRAIN_GRACE_MS = 2_000
const HEAP_MB = 1_024

export class Supervisor {
  readonly #options: SupervisorOptions
  readonly #posts: readonly Post[]
  readonly #gate = new RevisionGate(READY_WITHIN_MS)
  #phase: 'running' | 'draining' | 'closed' = 'running'
  /** Every worker has been ready once: from now on a lost one is replaced; before, it ends the start. */
  #started = false
  #onDrained: (() => void) | undefined
  #cut = 0

  constructor(options: SupervisorOptions) {
    this.#options = options
    this.#posts = Array.from({ length: options.workers }, (_, worker) => ({
      worker,
      thread: undefined,
      state: 'gone' as const,
      revision: 0,
      sinceMs: Date.now(),
      bornMs: 0,
      restarts: 0,
      earlyDeaths: 0,
      lastError: undefined,
      timer: undefined,
    }))
  }

  /** Starts all workers; resolves when each has bound every listener. Rejects with CannotServe as soon as one can't. */
  async start(revision: number): Promise<void> {
    const ready = this.#gate.wait(revision)
    for (const post of this.#posts) this.#spawn(post)
    await ready
    this.#started = true
  }

  /** Sends a message to every worker; resolves when each serves `revision` (a worker that dies meanwhile: its successor). */
  distribute(message: ToWorker & { type: 'snapshot' }): Promise<void> {
    const ready = this.#gate.wait(message.snapshot.revision)
    for (const post of this.#posts) post.thread?.postMessage(message)
    return ready
  }

  /** Sends a message to every worker that runs. */
  tell(message: ToWorker): void {
    for (const post of this.#posts) post.thread?.postMessage(message)
  }

  /** Resolves with the number of exchanges that were cut when every worker has finished its work and ended. */
  async drain(deadlineMs: number): Promise<number> {
    if (this.#phase !== 'running') return this.#cut
    this.#phase = 'draining'
    // Workers that are about to end take nothing over any more.
    this.#gate.refused(Infinity, new CannotServe('vigia is being stopped', undefined))
    const drained = new Promise<void>(resolve => {
      this.#onDrained = resolve
    })
    for (const post of this.#posts) {
      clearTimeout(post.timer)
      if (post.thread === undefined) continue
      this.#become(post, 'draining')
      post.thread.postMessage({ type: 'drain', deadlineMs } satisfies ToWorker)
    }
    this.#checkDrained()
    const timer = setTimeout(() => this.#onDrained?.(), deadlineMs + DRAIN_GRACE_MS)
    await drained
    clearTimeout(timer)
    await this.close()
    return this.#cut
  }

  /** Ends every worker now, whatever it is doing. */
  async close(): Promise<void> {
    this.#phase = 'closed'
    const threads: Worker[] = []
    for (const post of this.#posts) {
      clearTimeout(post.timer)
      if (post.thread !== undefined) threads.push(post.thread)
    }
    await Promise.all(threads.map(thread => thread.terminate()))
  }

  view(): readonly WorkerView[] {
    return this.#posts.map(({ worker, state, revision, sinceMs, restarts }) => ({
      worker,
      state,
      revision,
      sinceMs,
      restarts,
    }))
  }

  /** The thread at a post; tests end it to see it replaced. */
  thread(worker: number): Worker | undefined {
    return this.#posts[worker]?.thread
  }

  #spawn(post: Post): void {
    const thread = new Worker(this.#options.workerUrl, {
      workerData: this.#options.startData(post.worker),
      name: `vigia-worker-${post.worker}`,
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MB },
    })
    post.thread = thread
    post.bornMs = performance.now()
    this.#become(post, 'starting')
    thread.on('message', (message: FromWorker) => {
      if (post.thread === thread) this.#heard(post, message)
    })
    thread.on('error', error => {
      post.lastError = error instanceof Error ? error.message : String(error)
      this.#options.logger.error({ worker: post.worker, err: error }, 'worker failed')
    })
    thread.on('exit', code => {
      if (post.thread === thread) this.#left(post, code)
    })
  }

  #heard(post: Post, message: FromWorker): void {
    switch (message.type) {
      case 'ready':
        post.revision = message.revision
        if (post.state === 'starting') this.#become(post, 'ready')
        this.#settle()
        return
      case 'failed':
        this.#refused(post, message)
        return
      case 'transport-failure':
      case 'in-doubt':
        this.#options.tell(message)
        return
      case 'drained':
        this.#cut += message.cut
        // It has nothing left to do; timers and sockets that it may still hold need not keep anybody waiting.
        void post.thread?.terminate()
        return
      case 'log':
        this.#options.logger[message.level]({ worker: post.worker, ...message.detail }, message.message)
        return
    }
  }

  #refused(post: Post, { revision, reason, code }: FromWorker & { type: 'failed' }): void {
    // Who waits for this reports it. A replacement that fails is reported here, and tried again after a while.
    if (this.#gate.refused(revision, new CannotServe(reason, code))) return
    this.#options.logger.error({ worker: post.worker, code }, reason)
  }

  #left(post: Post, exitCode: number): void {
    post.thread = undefined
    post.revision = 0
    this.#become(post, 'gone')
    const row = this.#options.counters.rows[post.worker]!
    const isReplaced = this.#phase === 'running' && this.#started
    this.#options.tell({ type: 'worker-lost', worker: post.worker, lost: this.#options.lostOf(row), isReplaced })
    row.dropGauges()
    if (this.#phase !== 'running') {
      this.#checkDrained()
      return
    }
    if (!this.#started) {
      const why = post.lastError ?? `exit code ${exitCode}`
      this.#gate.refused(
        Infinity,
        new CannotServe(`worker ${post.worker} ended while it was starting: ${why}`, undefined),
      )
      return
    }

    const livedMs = performance.now() - post.bornMs
    post.earlyDeaths = livedMs < EARLY_DEATH_MS ? post.earlyDeaths + 1 : 0
    const delayMs = restartDelayMs(post.earlyDeaths)
    post.restarts += 1
    this.#options.logger.error(
      { worker: post.worker, exitCode, livedMs: Math.round(livedMs), delayMs },
      'worker ended, starting another',
    )
    post.timer = setTimeout(() => this.#spawn(post), delayMs)
  }

  #become(post: Post, state: WorkerState): void {
    post.state = state
    post.sinceMs = Date.now()
  }

  #settle(): void {
    this.#gate.reached(Math.min(...this.#posts.map(post => post.revision)))
  }

  #checkDrained(): void {
    if (this.#posts.every(post => post.thread === undefined)) this.#onDrained?.()
  }
}

/** The first replacement starts at once; the more deaths right after a start, the longer the pause. */
export function restartDelayMs(earlyDeaths: number): number {
  return earlyDeaths <= 1 ? 0 : Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** (earlyDeaths - 2))
}
