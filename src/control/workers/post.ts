// The post of one worker: a thread on one counter row, and the next one after it has died. What threads say, and whether one that has
// ended is replaced, is the supervisor's to decide.

import { Worker } from 'node:worker_threads'
import type { Logger } from '../../logging/logger.ts'
import type { FromWorker, ToWorker, WorkerStart } from '../../shared/messages.ts'

export interface PostOptions {
  /** The file that the thread runs. */
  readonly workerUrl: URL
  readonly logger: Logger
  /** What a thread that starts now is given: always the newest snapshot. */
  readonly startData: (worker: number) => WorkerStart
  /** Most that the heap of a thread may have. */
  readonly heapBytes: () => number
  readonly heard: (post: Post, message: FromWorker) => void
  /** Its thread has ended. @param why one line */
  readonly left: (post: Post, exitCode: number, why: string) => void
}

/** `stalled`: it is ready, but has not come round in its event loop for a second. */
export type WorkerState = 'starting' | 'ready' | 'stalled' | 'draining' | 'gone'

export interface WorkerView {
  readonly worker: number
  readonly state: WorkerState
  /** Revision of the snapshot it serves; 0 = none yet. */
  readonly revision: number
  /** Epoch ms of its last change of state. */
  readonly sinceMs: number
  readonly restarts: number
  /** How often it stood still. */
  readonly stalls: number
}

/** A thread that lived shorter than this died early: the cause is probably still there. */
const EARLY_DEATH_MS = 10_000
const FIRST_DELAY_MS = 100
const LONGEST_DELAY_MS = 5_000
/** What a thread may take beyond the deadline of its drain. */
const GRACE_MS = 2_000

export class Post {
  readonly worker: number
  /** Newest version of the challenges that its thread knows. */
  challengesVersion = 0
  readonly #options: PostOptions
  #thread: Worker | undefined
  #state: WorkerState = 'gone'
  #revision = 0
  #sinceMs = Date.now()
  #bornMs = 0
  /** Monotonic ms. */
  #stalledAtMs = 0
  #restarts = 0
  #stalls = 0
  #isEnding = false
  /** Deaths in a row, each soon after its start. */
  #earlyDeaths = 0
  #lastError: string | undefined
  #timer: NodeJS.Timeout | undefined

  constructor(worker: number, options: PostOptions) {
    this.worker = worker
    this.#options = options
  }

  /** Undefined = it has ended, and no other has begun. */
  get thread(): Worker | undefined {
    return this.#thread
  }

  get revision(): number {
    return this.#revision
  }

  get state(): WorkerState {
    return this.#state
  }

  view(): WorkerView {
    const { worker } = this
    return {
      worker,
      state: this.#state,
      revision: this.#revision,
      sinceMs: this.#sinceMs,
      restarts: this.#restarts,
      stalls: this.#stalls,
    }
  }

  start(): void {
    const { workerUrl, startData, heapBytes, logger, heard } = this.#options
    const { worker } = this
    const workerData = startData(worker)
    this.challengesVersion = workerData.challenges?.version ?? 0
    const thread = new Worker(workerUrl, {
      workerData,
      name: `vigia-worker-${worker}`,
      resourceLimits: { maxOldGenerationSizeMb: Math.floor(heapBytes() / 1024 ** 2) },
    })
    this.#thread = thread
    this.#bornMs = performance.now()
    this.#isEnding = false
    this.#become('starting')
    thread.on('message', (message: FromWorker) => {
      if (this.#thread === thread) heard(this, message)
    })
    thread.on('error', error => {
      this.#lastError = error instanceof Error ? error.message : String(error)
      logger.error({ worker, err: error }, 'worker failed')
    })
    thread.on('exit', code => {
      if (this.#thread === thread) this.#left(code)
    })
  }

  /** Another thread after one that has ended: at once, or after a pause where they keep dying. */
  replace(exitCode: number): void {
    const { worker } = this
    const livedMs = performance.now() - this.#bornMs
    this.#earlyDeaths = livedMs < EARLY_DEATH_MS ? this.#earlyDeaths + 1 : 0
    const delayMs = restartDelayMs(this.#earlyDeaths)
    this.#restarts += 1
    const detail = { worker, exitCode, livedMs: Math.round(livedMs), delayMs }
    this.#options.logger.error(detail, 'worker ended, starting another')
    this.#timer = setTimeout(() => this.start(), delayMs)
  }

  /** Its thread serves this revision. */
  serves(revision: number): void {
    this.#revision = revision
    if (this.#state === 'starting') this.#become('ready')
  }

  /** Its thread stands still. */
  stall(): void {
    this.#stalls += 1
    this.#stalledAtMs = performance.now()
    this.#become('stalled')
  }

  /** It goes on. @returns for how long it was stalled, ms */
  resume(): number {
    const stalledMs = performance.now() - this.#stalledAtMs
    this.#become('ready')
    return stalledMs
  }

  /** The wall clock was set by so many ms. */
  clockStepped(byMs: number): void {
    this.#sinceMs += byMs
  }

  /** Lets the thread finish what it has, and another take its place. */
  renew(deadlineMs: number): void {
    this.#become('draining')
    this.tell({ type: 'drain', deadlineMs })
    this.#timer = setTimeout(() => this.end(), deadlineMs + GRACE_MS)
  }

  /** Ends a thread that stands still; another follows. @returns false where that was done already */
  end(): boolean {
    if (this.#isEnding) return false
    this.#isEnding = true
    void this.#thread?.terminate()
    return true
  }

  /** A port in the message goes to the thread. */
  tell(message: ToWorker): void {
    this.#thread?.postMessage(message, 'port' in message ? [message.port] : [])
  }

  /** Lets the thread finish what it has; no other comes after it. */
  drain(deadlineMs: number): void {
    clearTimeout(this.#timer)
    if (this.#thread === undefined) return
    this.#become('draining')
    this.tell({ type: 'drain', deadlineMs })
  }

  /** Ends the thread now, whatever it is doing. */
  async close(): Promise<void> {
    clearTimeout(this.#timer)
    await this.#thread?.terminate()
  }

  #left(exitCode: number): void {
    clearTimeout(this.#timer)
    this.#thread = undefined
    this.#revision = 0
    this.#become('gone')
    this.#options.left(this, exitCode, this.#lastError ?? `exit code ${exitCode}`)
  }

  #become(state: WorkerState): void {
    this.#state = state
    this.#sinceMs = Date.now()
  }
}

/** The first replacement starts at once; the more deaths right after a start, the longer the pause. */
export function restartDelayMs(earlyDeaths: number): number {
  return earlyDeaths <= 1 ? 0 : Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** (earlyDeaths - 2))
}
