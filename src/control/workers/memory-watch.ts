// Looks once a second at the memory of the process and of each worker, and has one that holds too much drained and replaced.

import { totalmem } from 'node:os'
import { type MemoryBounds, memoryBounds, renewalOf } from '../../policy/process/memory.ts'
import { WORKER } from '../../shared/counter-cells.ts'
import type { CounterTable } from '../../shared/counters.ts'
import type { Post } from './post.ts'
import type { MemoryEvent } from './worker-event.ts'

export interface MemoryWatchOptions {
  readonly counters: CounterTable
  readonly posts: readonly Post[]
  readonly bounds: () => MemoryBounds
  /** How long a worker may take to finish what it has, ms. */
  readonly shutdownMs: () => number
  readonly tell: (event: MemoryEvent) => void
}

const LOOK_MS = 1000
/** What one gives back must be seen before the next one is judged. */
const PAUSE_MS = 60_000
/** Where there is only one, nobody listens meanwhile. */
const ALONE_MS = 1000

const machineBytes = Math.min(process.constrainedMemory() || Number.POSITIVE_INFINITY, totalmem())

/** @param limitBytes as it is configured; undefined = it is not */
export function boundsHere(limitBytes: number | undefined, workers: number): MemoryBounds {
  return memoryBounds(limitBytes, machineBytes, workers)
}

export class MemoryWatch {
  readonly #options: MemoryWatchOptions
  #timer: NodeJS.Timeout | undefined
  #renewedMs = Number.NEGATIVE_INFINITY
  #isOver = false

  constructor(options: MemoryWatchOptions) {
    this.#options = options
  }

  start(): void {
    this.#timer = setInterval(() => this.#look(performance.now()), LOOK_MS)
  }

  close(): void {
    clearInterval(this.#timer)
  }

  #look(nowMs: number): void {
    const { counters, posts, tell } = this.#options
    const bounds = this.#options.bounds()
    const residentBytes = residentSet()
    const isOver = residentBytes > bounds.totalBytes
    if (isOver && !this.#isOver) tell({ type: 'memory', residentBytes, ...bounds, renewal: undefined })
    this.#isOver = isOver
    if (nowMs - this.#renewedMs < PAUSE_MS) return
    const workers = posts.map(({ worker, state }) => {
      const row = counters.rows[worker]!
      const [heapBytes, allBytes] = [row.own(WORKER.heapUsedBytes), row.own(WORKER.memoryBytes)]
      return { worker, isReady: state === 'ready', heapBytes, allBytes }
    })
    const renewal = renewalOf(workers, residentBytes, bounds)
    if (renewal === undefined) return
    this.#renewedMs = nowMs
    const shutdownMs = this.#options.shutdownMs()
    tell({ type: 'memory', residentBytes, ...bounds, renewal })
    posts[renewal.worker]!.renew(posts.length > 1 ? shutdownMs : Math.min(shutdownMs, ALONE_MS))
  }
}

/** Bytes; 0 where no descriptor is left to ask the system with. */
function residentSet(): number {
  try {
    return process.memoryUsage.rss()
  } catch {
    return 0
  }
}
