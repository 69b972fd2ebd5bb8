// Keeps the admin listener where the configuration wants it: opens, moves and closes it. What it answers is admin's business.

import type { FastifyInstance } from 'fastify'
import type { ControlOperations } from '../admin/control-operations.ts'
import type { ControlView } from '../admin/control-view.ts'
import { buildAdmin } from '../admin/server.ts'
import type { Snapshot } from '../config/snapshot.ts'
import type { Logger } from '../logging/logger.ts'
import { cannotListen } from './listen-check.ts'

export class AdminListener {
  readonly #view: ControlView
  readonly #operations: ControlOperations
  readonly #logger: Logger
  #at: Snapshot['admin']
  #app: FastifyInstance | undefined

  constructor(view: ControlView, operations: ControlOperations, logger: Logger) {
    this.#view = view
    this.#operations = operations
    this.#logger = logger
  }

  /** Listens there and nowhere else; undefined = nowhere. Throws StartError, the former listener untouched, where it can't. */
  async listen(at: Snapshot['admin']): Promise<void> {
    if (at?.host === this.#at?.host && at?.port === this.#at?.port) return
    const former = this.#app
    const next = at === undefined ? undefined : await this.#open(at.host, at.port)
    this.#app = next
    this.#at = at
    await former?.close()
  }

  async close(): Promise<void> {
    const app = this.#app
    this.#app = undefined
    this.#at = undefined
    await app?.close()
  }

  async #open(host: string, port: number): Promise<FastifyInstance> {
    const app = buildAdmin(this.#view, error => this.#logger.error({ err: error }, 'admin request failed'), {
      operations: this.#operations,
      boundTo: host,
    })
    try {
      await app.listen({ host, port })
      return app
    } catch (error) {
      await app.close()
      throw cannotListen('admin listener', host, port, error as NodeJS.ErrnoException)
    }
  }
}
