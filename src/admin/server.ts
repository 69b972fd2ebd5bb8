// The admin listener: what an operator, an orchestrator or Prometheus may read about this vigia, and what an operator may ask of it.
// Puts hooks and routes together, hooks first: what a request has to pass does not depend on its route.

import type { ServerOptions } from 'node:https'
import Fastify, { type FastifyInstance } from 'fastify'
import { AdminAccess } from './access/admin-access.ts'
import { guardAccess } from './access/auth.ts'
import { guardConnections } from './access/connections.ts'
import { guardChanges } from './access/request-guard.ts'
import { answerWithProblems, wrongInput } from './answers/problem.ts'
import type { AdminParts } from './contract/parts.ts'
import type { ControlView } from './contract/status.ts'
import { serveCache } from './routes/cache.ts'
import { serveCertificates } from './routes/certificates.ts'
import { serveConfigurations } from './routes/configurations.ts'
import { type EventsOptions, serveEvents } from './routes/events.ts'
import { serveExplanations } from './routes/explanations.ts'
import { serveHeld } from './routes/held/routes.ts'
import { serveHistory } from './routes/history.ts'
import { serveInDoubt } from './routes/in-doubt.ts'
import { serveMaintenance } from './routes/maintenance.ts'
import { describeApi, serveOpenApi } from './routes/openapi.ts'
import { serveOperations } from './routes/operations.ts'
import { serveReload } from './routes/reload.ts'
import { requestSchemas } from './routes/request-schemas.ts'
import { serveStatus } from './routes/status.ts'

const LIMITS = {
  bodyBytes: 1024,
  /** From the connection, or the first byte of a later request, to the end of the head. */
  headMs: 2_000,
  requestMs: 10_000,
  idleMs: 30_000,
  /** How often Node looks for heads and requests that are late. */
  lookMs: 500,
  pathBytes: 1024,
} as const

const CHECKS = { headersTimeout: LIMITS.headMs, connectionsCheckingInterval: LIMITS.lookMs } as const

export interface AdminOptions extends AdminParts {
  /** Host that the admin listener is bound to. */
  readonly boundTo: string
  /** Undefined = nobody needs a token. */
  readonly access?: AdminAccess | undefined
  /** A connection was closed, or refused, for want of places. @param address of the newcomer */
  readonly onFull?: (address: string) => void
  /** What node:https is given; undefined = plain HTTP. */
  readonly tls?: ServerOptions | undefined
  /** Most that follow the events at once. */
  readonly followers?: () => number | undefined
}

/** The routes, not listening yet. */
export function buildAdmin(
  view: ControlView,
  onError: (error: unknown) => void,
  { boundTo, access = new AdminAccess(), onFull = () => {}, followers, tls, ...parts }: AdminOptions,
): FastifyInstance {
  const app = Fastify({
    logger: false,
    ...(tls === undefined ? { http: CHECKS } : { https: { ...CHECKS, ...tls } }),
    bodyLimit: LIMITS.bodyBytes,
    requestTimeout: LIMITS.requestMs,
    connectionTimeout: LIMITS.idleMs,
    keepAliveTimeout: LIMITS.idleMs,
    forceCloseConnections: true,
    routerOptions: { maxParamLength: LIMITS.pathBytes },
    schemaErrorFormatter: wrongInput,
  })
  app.addHook('onRequest', async (_request, reply) => {
    reply.header('cache-control', 'no-store').header('x-content-type-options', 'nosniff')
  })
  answerWithProblems(app, onError)
  guardConnections(app, access, onFull)
  guardAccess(app, access)
  guardChanges(app, boundTo)
  describeApi(app)
  // In a plugin: the description knows only what is added after it was loaded.
  void app.register(async routes => addRoutes(routes, view, parts, { access, ...(followers && { most: followers }) }))
  return app
}

/** A new resource is a file in routes/, its interface in contract/, and a line here. */
function addRoutes(app: FastifyInstance, view: ControlView, parts: AdminParts, following: EventsOptions): void {
  app.setValidatorCompiler(requestSchemas())
  // Schemas of answers describe them; they must not leave out what they don't know yet.
  app.setSerializerCompiler(() => answer => JSON.stringify(answer))
  const { operations, reload, maintenance, history, configurations, events, cache, held, explanations } = parts
  serveStatus(app, view)
  serveCertificates(app, view, operations)
  serveInDoubt(app, view, operations)
  serveOpenApi(app, () => view.status().version)
  if (operations !== undefined) serveOperations(app, view, operations)
  if (reload !== undefined) serveReload(app, reload)
  if (maintenance !== undefined) serveMaintenance(app, maintenance)
  if (history !== undefined) serveHistory(app, history)
  if (configurations !== undefined) serveConfigurations(app, configurations)
  if (cache !== undefined) serveCache(app, cache)
  if (held !== undefined) serveHeld(app, held)
  if (explanations !== undefined) serveExplanations(app, explanations)
  if (events !== undefined) serveEvents(app, events, following)
}
