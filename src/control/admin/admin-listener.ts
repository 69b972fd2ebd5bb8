// Keeps the admin listener where the configuration wants it: opens, moves and closes it. What it answers is admin's business.

import type { Server } from 'node:https'
import type { FastifyInstance } from 'fastify'
import { AdminAccess } from '../../admin/access/admin-access.ts'
import type { AdminParts } from '../../admin/contract/parts.ts'
import type { ControlView } from '../../admin/contract/status.ts'
import { buildAdmin } from '../../admin/server.ts'
import type { Logger } from '../../logging/logger.ts'
import type { AdminPlan } from '../../plan/admin.ts'
import type { Snapshot } from '../../plan/snapshot.ts'
import type { ServedCertificate } from '../../shared/tls-material.ts'
import { isLoopback } from '../../util/address-ranges.ts'
import { CannotServe } from '../workers/cannot-serve.ts'
import { cannotListen } from '../workers/listen-check.ts'
import { AdminSecurity } from './admin-tls.ts'

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
  /** Of `#app`; undefined = it is plain. */
  #security: AdminSecurity | undefined
  #certificates: readonly ServedCertificate[] = []
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
    const isElsewhere = at?.host !== this.#at?.host || at?.port !== this.#at?.port
    const moves = isElsewhere || at?.tls?.minVersion !== this.#at?.tls?.minVersion
    // First of all, so that nobody gets in without a token for a moment.
    this.#access.use(at?.tokens ?? [])
    try {
      // Plain HTTP and TLS can't share an address: it is free first.
      if (moves && !isElsewhere) this.#leave(former)
      if (moves) this.#app = at === undefined ? undefined : await this.#open(at)
    } catch (error) {
      this.#access.use(this.#at?.tokens ?? [])
      if (!isElsewhere && this.#at !== undefined) this.#app = await this.#open(this.#at)
      throw error
    }
    this.#at = at
    if (moves && isElsewhere) this.#leave(former)
  }

  /** From now on new connections get one of these, where it has TLS. */
  useCertificates(certificates: readonly ServedCertificate[]): void {
    this.#certificates = certificates
    if (this.#security === undefined) return
    this.#security.use(certificates)
    ;(this.#app?.server as Server | undefined)?.setSecureContext(this.#security.default)
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
  #leave(app: FastifyInstance | undefined): void {
    if (app === undefined) return
    this.#leaving.add(app)
    app.server.close()
    setTimeout(() => {
      this.#leaving.delete(app)
      void app.close()
    }, LEAVE_MS).unref()
  }

  async #open({ host, port, tls }: AdminPlan): Promise<FastifyInstance> {
    const security = tls && new AdminSecurity(tls, this.#certificates)
    const app = buildAdmin(this.#view, error => this.#logger.error({ err: error }, 'admin request failed'), {
      ...this.#parts,
      access: this.#access,
      boundTo: host,
      tls: security?.serverOptions,
      followers: () => this.#at?.followers,
      onFull: address => this.#full(address),
    })
    try {
      await app.listen({ host, port })
      this.#security = security
      return app
    } catch (error) {
      await app.close()
      throw cannotListen('admin listener', host, port, error as NodeJS.ErrnoException)
    }
  }
}
