// The thread that writes the files of buffers, one for all workers: started with the first worker that asks for it. When it dies, workers see
// their ports close, and ask again.

import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads'
import type { Logger } from '../../logging/logger.ts'

export interface SpoolOptions {
  /** The file that the thread runs. */
  readonly spoolUrl: URL
  readonly logger: Logger
}

/** It moves bytes, and keeps none. */
const HEAP_MB = 32

export class SpoolPost {
  readonly #options: SpoolOptions
  #thread: Worker | undefined

  constructor(options: SpoolOptions) {
    this.#options = options
  }

  /** Undefined = none was needed yet; tests end it. */
  get thread(): Worker | undefined {
    return this.#thread
  }

  /** A worker's way to the thread. */
  connect(): MessagePort {
    this.#thread ??= this.#start()
    const { port1, port2 } = new MessageChannel()
    this.#thread.postMessage(port1, [port1])
    return port2
  }

  async close(): Promise<void> {
    await this.#thread?.terminate()
  }

  #start(): Worker {
    const { spoolUrl, logger } = this.#options
    const thread = new Worker(spoolUrl, { name: 'vigia-spool', resourceLimits: { maxOldGenerationSizeMb: HEAP_MB } })
    thread.on('error', err => logger.error({ err }, 'the thread that writes the files of buffers failed'))
    thread.on('exit', () => {
      if (this.#thread === thread) this.#thread = undefined
    })
    return thread
  }
}
