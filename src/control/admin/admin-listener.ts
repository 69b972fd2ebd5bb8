// Keeps the admin listener where the configuration wants it: opens, moves and closes it. What it answers is admin's business.

import type { FastifyInstance } from 'fastify'
import { AdminAccess } from '../../admin/access/admin-access.ts'
import type { AdminParts } from '../../admin/contract/parts.ts'
import type { ControlView } from '../../admin/contract/status.ts'
import { buildAdmin } from '../../admin/server.ts'
import type { Logger } from '../../logging/logger.ts'
import type { Snapshot } from '../../plan/snapshot.ts'
import { isLoopback } from '../../util/address-ranges.ts'
import { CannotServe } from '../workers/cannot-serve.ts'
import { cannotListen } from '../workers/listen-check.ts'

/** How long answers of a listener that has moved may still take. */
const LEAVE_MS = 5_000
/** How often a flood is said. */
const FULL_EVERY_MS = 60_000

export class AdminListener {
  readonly #view: ControlView
  readonly #parts: AdminParts
  readonly #access: AdminAccess
  readonly #logger: Logger
  #at: Snapshot['admin']
  #app: FastifyInstance | undefined
  #turnedAway = 0
  #fullSaidMs = Number.NEGATIVE_INFINITY
  /** Listen no more; what they have begun ends. */
  readonly #leaving = new Set<FastifyInstance>()

  constructor(view: ControlView, parts: AdminParts, logger: Logger) {
    this.#view = view
    this.#parts = parts
    this.#logger = logger
    this.#access = new AdminAccess({
      onFailure: (address, why) =>
        logger.warn({ address }, `admin listener: a request of ${address} with ${why} was refused`),
    })
  }

  /** Requests without a right token, since the start. */
  get failures(): number {
    return this.#access.failures
  }

  /** Connections closed or refused for want of places, since the start. */
  get turnedAway(): number {
    return this.#turnedAway
  }

  /** Listens there and nowhere else; undefined = nowhere. Throws CannotServe, the former listener untouched, where it can't. */
  async listen(at: Snapshot['admin']): Promise<void> {
    if (at !== undefined && at.tokens === undefined && !isLoopback(at.host)) {
      throw new CannotServe(
        `the admin listener must not be at ${at.host}, where others could reach it, without admin.tokens`,
        undefined,
      )
    }
    const former = this.#app
    const moves = at?.host !== this.#at?.host || at?.port !== this.#at?.port
    // First of all, so that nobody gets in without a token for a moment.
    this.#access.use(at?.tokens ?? [])
    try {
      if (moves) this.#app = at === undefined ? undefined : await this.#open(at.host, at.port)
    } catch (error) {
      this.#access.use(this.#at?.tokens ?? [])
      throw error
    }
    this.#at = at
    if (moves && former !== undefined) this.#leave(former)
  }

  #full(address: string): void {
    this.#turnedAway += 1
    const nowMs = performance.now()
    if (nowMs - this.#fullSaidMs < FULL_EVERY_MS) return
    this.#fullSaidMs = nowMs
    this.#logger.warn(
      { address },
      `admin listener: too many connections, the newest from ${address}; the oldest that has shown no token is closed for each new one`,
    )
  }

  async close(): Promise<void> {
    const app = this.#app
    this.#app = undefined
    this.#at = undefined
    await Promise.all([app, ...this.#leaving].map(each => each?.close()))
  }

  /** Its port is free at once; the request that asked for the move still gets its answer. */
  #leave(app: FastifyInstance): void {
    this.#leaving.add(app)
    app.server.close()
    setTimeout(() => {
      this.#leaving.delete(app)
      void app.close()
    }, LEAVE_MS).unref()
  }

  async #open(host: string, port: number): Promise<FastifyInstance> {
    const app = buildAdmin(this.#view, error => this.#logger.error({ err: error }, 'admin request failed'), {
      ...this.#parts,
      access: this.#access,
      boundTo: host,
      followers: () => this.#at?.followers,
      onFull: address => this.#full(address),
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
