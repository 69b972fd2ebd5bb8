// Keeps a worker on every post: starts them, has one that dies replaced, hands out snapshots, drains.
// It knows what workers say (shared/messages.ts), never what they do; the file they run is an argument.

import { setImmediate } from 'node:timers/promises'
import type { MessagePort, Worker } from 'node:worker_threads'
import type { MemoryBounds } from '../../policy/process/memory.ts'
import type { CounterRow, CounterTable } from '../../shared/counters.ts'
import type { Question } from '../../shared/explain/questions.ts'
import type { Heartbeats } from '../../shared/heartbeats.ts'
import type { FromWorker, ToWorker } from '../../shared/messages.ts'
import { CannotServe } from './cannot-serve.ts'
import type { LostRequests } from './lost-requests.ts'
import { MemoryWatch } from './memory-watch.ts'
import { Post, type PostOptions, type WorkerView } from './post.ts'
import { Questions, type Replies } from './questions.ts'
import { RevisionGate } from './revision-gate.ts'
import { SpoolPost } from './spool-post.ts'
import { Watch } from './watch.ts'
import type { WorkerEvent } from './worker-event.ts'

export interface SupervisorOptions extends Omit<PostOptions, 'heard' | 'left' | 'heapBytes'> {
  readonly workers: number
  /** The file that the thread runs which writes the files of buffers. */
  readonly spoolUrl: URL
  readonly counters: CounterTable
  /** A worker's way to what keeps held requests; undefined = nothing does. */
  readonly connectHeld: () => MessagePort | undefined
  /** What a worker that has ended had in flight: its row still tells. */
  readonly lostOf: (row: CounterRow) => LostRequests
  readonly tell: (event: WorkerEvent) => void
  readonly beats: Heartbeats
  /** After which time a worker that stands still is replaced, ms; 0 = never. */
  readonly replaceMs: () => number
  readonly memory: () => MemoryBounds
  /** How long a worker may take to finish what it has, ms. */
  readonly shutdownMs: () => number
}

const READY_WITHIN_MS = 30_000
/** What workers may take beyond the deadline of a drain before they are ended by force. */
const DRAIN_GRACE_MS = 2_000

export class Supervisor {
  readonly #options: SupervisorOptions
  readonly #posts: readonly Post[]
  readonly #watch: Watch
  readonly #memory: MemoryWatch
  readonly spool: SpoolPost
  readonly #questions = new Questions()
  readonly #gate = new RevisionGate(READY_WITHIN_MS)
  #phase: 'running' | 'draining' | 'closed' = 'running'
  /** Every worker has been ready once: from now on a lost one is replaced; before, it ends the start. */
  #started = false
  #onDrained: (() => void) | undefined
  #cut = 0
  /** Those that said what they had to cut. */
  readonly #finished = new Set<Post>()

  constructor(options: SupervisorOptions) {
    this.#options = options
    const post: PostOptions = {
      ...options,
      heapBytes: () => options.memory().heapBytes,
      heard: (from, message) => this.#heard(from, message),
      left: (from, exitCode, why) => this.#left(from, exitCode, why),
    }
    this.#posts = Array.from({ length: options.workers }, (_, worker) => new Post(worker, post))
    this.spool = new SpoolPost(options)
    this.#watch = new Watch({ ...options, posts: this.#posts })
    this.#memory = new MemoryWatch({ ...options, bounds: options.memory, posts: this.#posts })
  }

  /** Starts all workers; resolves when each has bound every listener. Rejects with CannotServe as soon as one can't. */
  async start(revision: number): Promise<void> {
    const ready = this.#gate.wait(revision)
    this.#watch.start()
    for (const post of this.#posts) post.start()
    await ready
    this.#started = true
    this.#memory.start()
  }

  /** Sends a message to every worker; resolves when each serves `revision` (a worker that dies meanwhile: its successor). */
  distribute(message: ToWorker & { type: 'snapshot' }): Promise<void> {
    const ready = this.#gate.wait(message.snapshot.revision)
    void this.#tellInTurns(message)
    return ready
  }

  /** To copy a large snapshot takes milliseconds: between two workers everything else has its turn. */
  async #tellInTurns(message: ToWorker & { type: 'snapshot' }): Promise<void> {
    for (const post of this.#posts) {
      if (this.#phase !== 'running') return
      post.tell(message)
      await setImmediate()
    }
  }

  /** Sends a message to every worker that runs. */
  tell(message: ToWorker): void {
    for (const post of this.#posts) post.tell(message)
  }

  /** Whether every worker that runs answers a CA as of this version of the challenges. */
  knowsChallenges(version: number): boolean {
    return this.#posts.every(post => post.thread === undefined || post.challengesVersion >= version)
  }

  /** The wall clock was set by so many ms. */
  clockStepped(byMs: number): void {
    for (const post of this.#posts) post.clockStepped(byMs)
  }

  /** Resolves with the number of exchanges that were cut when every worker has finished its work and ended. */
  async drain(deadlineMs: number): Promise<number> {
    if (this.#phase !== 'running') return this.#cut
    this.#phase = 'draining'
    this.#memory.close()
    // Workers that are about to end take nothing over any more.
    this.#gate.refused(Infinity, new CannotServe('vigia is being stopped', undefined))
    const drained = new Promise<void>(resolve => {
      this.#onDrained = resolve
    })
    for (const post of this.#posts) post.drain(deadlineMs)
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
    this.#watch.close()
    this.#memory.close()
    await Promise.all(this.#posts.map(post => post.close()))
    await this.spool.close()
  }

  view(): readonly WorkerView[] {
    return this.#posts.map(post => post.view())
  }

  /** Asks the workers that run, or the first of them that does not stand still. Those that do not answer in time are named. */
  ask(question: Question, whom: 'all' | 'one' = 'all'): Promise<Replies> {
    const awake = this.#posts.filter(({ state }) => state === 'ready')
    return this.#questions.ask(question, whom === 'one' ? awake.slice(0, 1) : awake)
  }

  /** The thread at a post; tests end it to see it replaced. */
  thread(worker: number): Worker | undefined {
    return this.#posts[worker]?.thread
  }

  #heard(post: Post, message: FromWorker): void {
    const { logger } = this.#options
    const { worker } = post
    switch (message.type) {
      case 'ready':
        post.serves(message.revision)
        // Who is drained takes no new snapshot; the successor begins with the newest.
        this.#gate.reached(Math.min(...this.#posts.map(each => (each.state === 'draining' ? Infinity : each.revision))))
        return
      case 'failed': {
        // Who waits for this reports it. A replacement that fails is reported here, and tried again after a while.
        const { revision, reason, code } = message
        if (!this.#gate.refused(revision, new CannotServe(reason, code))) logger.error({ worker, code }, reason)
        return
      }
      case 'challenges-known':
        post.challengesVersion = message.version
        return
      case 'spool-wanted':
        if (this.#phase !== 'closed') post.tell({ type: 'spool', port: this.spool.connect() })
        return
      case 'held-wanted': {
        const port = this.#phase === 'closed' ? undefined : this.#options.connectHeld()
        if (port !== undefined) post.tell({ type: 'held', port })
        return
      }
      case 'reply':
        this.#questions.replied(worker, message.number, message.reply)
        return
      case 'transport-failure':
      case 'in-doubt':
      case 'idle-in-the-way':
      case 'starved':
      case 'holds-workers':
        this.#options.tell(message)
        return
      case 'drained':
        // The workers end the process by themselves, and one of them is still needed for that.
        if (this.#options.beats.ending) return
        if (this.#phase !== 'running') this.#cut += message.cut
        this.#finished.add(post)
        // It has nothing left to do; timers and sockets that it may still hold need not keep anybody waiting.
        void post.close()
        return
      case 'log':
        logger[message.level]({ worker, ...message.detail }, message.message)
        return
    }
  }

  #left(post: Post, exitCode: number, why: string): void {
    const { worker } = post
    const row = this.#options.counters.rows[worker]!
    const isReplaced = this.#phase === 'running' && this.#started
    const lost = this.#options.lostOf(row)
    this.#options.tell({ type: 'worker-lost', worker, lost, isReplaced })
    // Whatever a thread that was ended by force, or died, had in flight was cut as well.
    if (!this.#finished.delete(post) && this.#phase !== 'running') this.#cut += lost.total
    row.dropGauges()
    if (this.#phase !== 'running') this.#checkDrained()
    else if (this.#started) post.replace(exitCode)
    else {
      const error = new CannotServe(`worker ${worker} ended while it was starting: ${why}`, undefined)
      this.#gate.refused(Infinity, error)
    }
  }

  #checkDrained(): void {
    if (this.#posts.every(post => post.thread === undefined)) this.#onDrained?.()
  }
}
