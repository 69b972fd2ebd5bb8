// Looks four times a second whether a worker stands still, says so, and has one that does not come back replaced. It notices in the same
// way that control itself stood still, and says that as soon as it can.

import { awakeSinceMs, STALLED_MS, stalledForMs } from '../../policy/process/stall.ts'
import type { Heartbeats } from '../../shared/heartbeats.ts'
import { processNowMs } from '../../shared/process-clock.ts'
import type { Post } from './post.ts'
import type { StallEvent } from './worker-event.ts'

export interface WatchOptions {
  readonly beats: Heartbeats
  readonly posts: readonly Post[]
  /** After which time a worker that stands still is replaced, ms; 0 = never. */
  readonly replaceMs: () => number
  readonly tell: (event: StallEvent) => void
}

const LOOK_MS = 250

export class Watch {
  readonly #options: WatchOptions
  #timer: NodeJS.Timeout | undefined
  #lookedMs = 0
  #awakeMs = 0

  constructor(options: WatchOptions) {
    this.#options = options
  }

  start(): void {
    this.#awakeMs = this.#lookedMs = processNowMs()
    this.#options.beats.beat(-1, this.#lookedMs)
    this.#timer = setInterval(() => this.#look(processNowMs()), LOOK_MS)
  }

  close(): void {
    clearInterval(this.#timer)
  }

  #look(nowMs: number): void {
    const { beats, posts } = this.#options
    const before = this.#lookedMs
    this.#lookedMs = nowMs
    beats.beat(-1, nowMs)
    this.#awakeMs = awakeSinceMs(this.#awakeMs, before, nowMs)
    if (this.#awakeMs === nowMs) this.#stoodStill(before, nowMs)
    for (const post of posts) this.#judge(post, nowMs)
  }

  #stoodStill(fromMs: number, nowMs: number): void {
    const { beats, tell } = this.#options
    const alone = beats.speaker !== undefined
    beats.hush()
    tell({ type: 'control-stalled', forMs: Math.round(nowMs - fromMs), alone })
  }

  #judge(post: Post, nowMs: number): void {
    const { beats, replaceMs, tell } = this.#options
    const { worker } = post
    const forMs = stalledForMs(beats.lastMs(worker), this.#awakeMs, nowMs)
    const isStalled = post.state === 'stalled'
    if (forMs === 0) {
      if (!isStalled) return
      const stalledMs = post.resume()
      tell({ type: 'worker-stalled', worker, phase: 'ends', forMs: Math.round(stalledMs + STALLED_MS) })
    } else if (post.state === 'ready') {
      post.stall()
      tell({ type: 'worker-stalled', worker, phase: 'begins', forMs: Math.round(forMs) })
    } else if (isStalled && replaceMs() > 0 && forMs > replaceMs() && post.end()) {
      tell({ type: 'worker-stalled', worker, phase: 'replaced', forMs: Math.round(forMs) })
    }
  }
}
