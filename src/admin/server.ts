// The admin listener: what an operator, an orchestrator or Prometheus may read about this vigia, and what an operator may ask of it.

import Fastify, { type FastifyInstance } from 'fastify'
import type { ControlView } from './control-view.ts'
import { serveInDoubt } from './in-doubt.ts'
import { type Changes, serveOperations } from './operation-routes.ts'
import { answerWithProblems, sendProblem } from './problem.ts'

const LIMITS = {
  bodyBytes: 1024,
  requestMs: 10_000,
  idleMs: 30_000,
  connections: 256,
  pathBytes: 1024,
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
    ajv: { customOptions: { removeAdditional: false, coerceTypes: false } },
  })
  app.server.maxConnections = LIMITS.connections
  app.addHook('onRequest', async (_request, reply) => {
    reply.header('cache-control', 'no-store').header('x-content-type-options', 'nosniff')
  })
  answerWithProblems(app, onError)

  app.get('/healthz', async (_request, reply) => reply.type('text/plain').send('ok\n'))
  app.get('/readyz', async (_request, reply) => {
    const { ready, reason } = view.readiness()
    return ready ? reply.type('text/plain').send(`${reason}\n`) : sendProblem(reply, 503, reason)
  })
  app.get('/status', async () => view.status())
  serveInDoubt(app, view)
  app.get('/metrics', async (_request, reply) => {
    const { contentType, body } = await view.metrics()
    return reply.header('content-type', contentType).send(body)
  })
  if (changes !== undefined) serveOperations(app, view, changes)
  return app
}
