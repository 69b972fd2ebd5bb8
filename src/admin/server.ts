// The admin listener: what an operator, an orchestrator or Prometheus may read about this vigia. Read-only; takes no bodies.

import Fastify, { type FastifyInstance } from 'fastify'
import type { ControlView } from './control-view.ts'
import { answerWithProblems, sendProblem } from './problem.ts'

const LIMITS = {
  bodyBytes: 1024,
  requestMs: 10_000,
  idleMs: 30_000,
  connections: 256,
  pathBytes: 1024,
} as const

/** The routes, not listening yet. */
export function buildAdmin(view: ControlView, onError: (error: unknown) => void): FastifyInstance {
  const app = Fastify({
    logger: false,
    bodyLimit: LIMITS.bodyBytes,
    requestTimeout: LIMITS.requestMs,
    connectionTimeout: LIMITS.idleMs,
    keepAliveTimeout: LIMITS.idleMs,
    forceCloseConnections: true,
    routerOptions: { maxParamLength: LIMITS.pathBytes },
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
  app.get('/metrics', async (_request, reply) => {
    const { contentType, body } = await view.metrics()
    return reply.header('content-type', contentType).send(body)
  })
  return app
}
