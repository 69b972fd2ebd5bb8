// What may be read of the whole of this vigia: GET /healthz and /readyz (for orchestrators), /status (for people), /metrics (for Prometheus).

import type { FastifyInstance } from 'fastify'
import { sendProblem } from '../answers/problem.ts'
import type { ControlView } from '../contract/status.ts'
import { ACME, ACME_NAME, AUTHORITY, CERTIFICATE } from './certificates.ts'
import { INTEGRATION } from './held/schemas.ts'
import { PROBLEM_REPLY, plainReply, ref } from './schema-blocks.ts'
import { POOL, STATUS, UPSTREAM } from './status-schemas.ts'

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
    response: { 200: { description: 'All there is to know.', ...ref('Status') } },
  },
  metrics: {
    summary: 'The scrape for Prometheus',
    tags: ['status'],
    response: { 200: plainReply('Exposition format.') },
  },
} as const

export function serveStatus(app: FastifyInstance, view: ControlView): void {
  for (const schema of [UPSTREAM, POOL, CERTIFICATE, AUTHORITY, ACME_NAME, ACME, INTEGRATION, STATUS])
    app.addSchema(schema)
  app.get('/healthz', { schema: SCHEMAS.healthz, config: { role: 'anyone' } }, async (_request, reply) =>
    reply.type('text/plain').send('ok\n'),
  )
  app.get('/readyz', { schema: SCHEMAS.readyz, config: { role: 'anyone' } }, async (_request, reply) => {
    const { ready, reason } = view.readiness()
    return ready ? reply.type('text/plain').send(`${reason}\n`) : sendProblem(reply, 503, reason)
  })
  app.get('/status', { schema: SCHEMAS.status }, async () => view.status())
  app.get('/metrics', { schema: SCHEMAS.metrics }, async (_request, reply) => {
    const { contentType, body } = await view.metrics()
    return reply.header('content-type', contentType).send(body)
  })
}
