// What is buffered of bodies, for programs. Types only.

import type { BufferTrouble } from '../../policy/request/buffering/trouble.ts'

export interface BuffersReport {
  /** Held now, over all workers. */
  readonly memoryBytes: number
  readonly memoryLimitBytes: number
  readonly diskBytes: number
  readonly diskLimitBytes: number
  readonly files: number
  /** Since the start: bodies that were gathered, answers that their clients took more slowly than their upstreams gave them. */
  readonly requests: number
  readonly answers: number
  /** Of these answers, bytes that had to wait. */
  readonly answerBytes: number
  /** Of both, bytes that went to files. */
  readonly spooledBytes: number
  /** For how long slow clients would have held an upstream, seconds. */
  readonly savedSeconds: { readonly requests: number; readonly answers: number }
  /** Bodies that were streamed from some place on, by why; those that there were. */
  readonly troubles: Readonly<Partial<Record<BufferTrouble, number>>>
}
