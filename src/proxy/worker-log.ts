// What a worker has to say beside its events: lines for vigia's log, those that may come with every request now and then only.

import type { BufferTrouble } from '../policy/request/buffering/trouble.ts'
import type { FromWorker } from '../shared/messages.ts'
import { NowAndThen } from './runtime/now-and-then.ts'

type Level = (FromWorker & { type: 'log' })['level']

export class WorkerLog {
  readonly #report: (message: FromWorker) => void
  readonly #nowAndThen = new NowAndThen()

  constructor(report: (message: FromWorker) => void) {
    this.#report = report
  }

  say(level: Level, message: string, detail: Readonly<Record<string, unknown>> = {}): void {
    this.#report({ type: 'log', level, message, detail })
  }

  ownTrouble(what: string): void {
    this.#sayNowAndThen(
      'own trouble',
      'error',
      `vigia itself has run out of something: ${what}. Requests are answered 503; it counts against no upstream`,
    )
  }

  spoolTrouble(trouble: BufferTrouble, detail: string): void {
    this.#sayNowAndThen(
      `spool ${trouble}`,
      'warn',
      `buffers: ${detail} (${trouble}). Bodies larger than their part of memory are streamed meanwhile, so slow clients may hold workers of upstreams; see \`buffers\` in the configuration`,
    )
  }

  looped(pool: string): void {
    this.#sayNowAndThen(
      `loop ${pool}`,
      'error',
      `pool "${pool}" leads back to vigia: a request that had gone to one of its upstreams came to it again, and was answered 508`,
    )
  }

  unexpected(error: unknown, requestId: string | undefined): void {
    const stack = error instanceof Error ? error.stack : String(error)
    this.say('error', 'unexpected exception in an exchange; it was ended', { requestId, stack })
  }

  #sayNowAndThen(about: string, level: Level, message: string): void {
    if (this.#nowAndThen.isDue(about, performance.now())) this.say(level, message)
  }
}
