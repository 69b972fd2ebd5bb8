// The admin listener: what an operator, an orchestrator or Prometheus may read about this vigia, and what an operator may ask of it.

import Fastify, { type FastifyInstance } from 'fastify'
import { guardAccess } from './access/auth.ts'
import { answerWithProblems, sendProblem, wrongInput } from './answers/problem.ts'
import type { ControlView } from './contract/status.ts'
import { serveAudit } from './routes/audit-routes.ts'
import { serveConfigurationHistory } from './routes/config-routes.ts'
import { serveReload } from './routes/configuration.ts'
import { serveEvents } from './routes/events.ts'
import { serveInDoubt } from './routes/in-doubt.ts'
import { serveMaintenance } from './routes/maintenance-routes.ts'
import { describeApi, serveOpenApi } from './routes/openapi.ts'
import { PROBLEM_REPLY, plainReply, STATUS_REPLY } from './routes/openapi-schemas.ts'
import { type Changes, serveOperations } from './routes/operation-routes.ts'

const LIMITS = {
  bodyBytes: 1024,
  requestMs: 10_000,
  idleMs: 30_000,
  connections: 256,
  pathBytes: 1024,
} as const

const SCHEMAS = {
  healthz: { summary: 'The process is up', tags: ['vigia'], response: { 200: plainReply('ok') } },
  readyz: {
    summary: 'It can serve',
    tags: ['vigia'],
    response: { 200: plainReply('Why.'), 503: PROBLEM_REPLY },
  },
  status: {
    summary: 'Pools, upstreams, workers: their state, and why',
    tags: ['status'],
    response: { 200: STATUS_REPLY },
  },
  metrics: {
    summary: 'The scrape for Prometheus',
    tags: ['status'],
    response: { 200: plainReply('Exposition format.') },
  },
} as const

/** The routes, not listening yet. @param changes undefined = everything can only be read */
export function buildAdmin(view: ControlView, onError: (error: unknown) => void, changes?: Changes): FastifyInstance {
  const app = Fastify({
    logger: false,
    bodyLimit: LIMITS.bodyBytes,
    requestTimeout: LIMITS.requestMs,
    connectionTimeout: LIMITS.idleMs,
    keepAliveTimeout: LIMITS.idleMs,
    forceCloseConnections: true,
    routerOptions: { maxParamLength: LIMITS.pathBytes },
    // A key that nobody knows, or a value of another type, is an error, not something to drop or convert in silence.
    ajv: { customOptions: { removeAdditional: false, coerceTypes: false, code: { optimize: false } } },
    schemaErrorFormatter: wrongInput,
  })
  // Schemas of answers describe them; they must not leave out what they don't know yet.
  app.setSerializerCompiler(() => answer => JSON.stringify(answer))
  app.server.maxConnections = LIMITS.connections
  app.addHook('onRequest', async (_request, reply) => {
    reply.header('cache-control', 'no-store').header('x-content-type-options', 'nosniff')
  })
  answerWithProblems(app, onError)
  guardAccess(app, changes?.access)
  describeApi(app)
  // In a plugin: the description knows only what is added after it was loaded.
  void app.register(async routes => addRoutes(routes, view, changes))
  return app
}

function addRoutes(app: FastifyInstance, view: ControlView, changes: Changes | undefined): void {
  app.get('/healthz', { schema: SCHEMAS.healthz, config: { role: 'anyone' } }, async (_request, reply) =>
    reply.type('text/plain').send('ok\n'),
  )
  app.get('/readyz', { schema: SCHEMAS.readyz, config: { role: 'anyone' } }, async (_request, reply) => {
    const { ready, reason } = view.readiness()
    return ready ? reply.type('text/plain').send(`${reason}\n`) : sendProblem(reply, 503, reason)
  })
  app.get('/status', { schema: SCHEMAS.status }, async () => view.status())
  serveInDoubt(app, view, changes)
  app.get('/metrics', { schema: SCHEMAS.metrics }, async (_request, reply) => {
    const { contentType, body } = await view.metrics()
    return reply.header('content-type', contentType).send(body)
  })
  serveOpenApi(app, () => view.status().version)
  if (changes === undefined) return
  serveOperations(app, view, changes)
  if (changes.reload !== undefined) serveReload(app, changes.reload, changes.boundTo)
  if (changes.maintenance !== undefined) serveMaintenance(app, changes.maintenance, changes.boundTo)
  if (changes.records !== undefined) serveAudit(app, changes.records)
  if (changes.history !== undefined) serveConfigurationHistory(app, changes.history, changes.boundTo)
  if (changes.events !== undefined) serveEvents(app, changes.events, { access: changes.access })
}
