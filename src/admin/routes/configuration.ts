// POST /reload: reads the configuration file again and puts it into use. Answers once every worker serves it, or with all that is
// wrong with it.

import type { FastifyInstance } from 'fastify'
import { authorOf } from '../access/auth.ts'
import { clientOf } from '../access/request-client.ts'
import { refuseChange } from '../access/request-guard.ts'
import { sendProblem } from '../answers/problem.ts'
import type { Reload } from '../contract/reload.ts'
import { PROBLEM_REPLY } from './openapi-schemas.ts'
import { type Changes, line } from './operation-routes.ts'

const LINES = { type: 'array', items: { type: 'string' } }
const SCHEMA = {
  summary: 'Reads the configuration file again and puts it into use',
  description: 'Problems of the file, one a line, are the detail of a 422; then the former configuration stays.',
  tags: ['configuration'],
  body: {
    type: 'object',
    additionalProperties: false,
    properties: {
      by: line(100),
      reason: line(500),
      override: { type: 'boolean', description: 'Also in a change freeze; needs a reason.' },
    },
  },
  response: {
    200: {
      description: 'Every worker serves it, or it was in use already.',
      type: 'object',
      properties: {
        result: { type: 'string', enum: ['applied', 'unchanged'] },
        revision: { type: 'integer' },
        changes: LINES,
        total: { type: 'integer', description: 'Of changes; where there are many, not all are listed.' },
        warnings: LINES,
      },
      required: ['result', 'revision'],
    },
    422: PROBLEM_REPLY,
  },
} as const

interface Body {
  readonly by?: string
  readonly reason?: string
  readonly override?: boolean
}

export function serveReload(app: FastifyInstance, reload: Reload, boundTo: Changes['boundTo']): void {
  app.post<{ Body: Body }>(
    '/reload',
    {
      schema: SCHEMA,
      bodyLimit: 8192,
      onRequest: async (request, reply) => {
        const refused = refuseChange(request, boundTo)
        if (refused !== undefined) return sendProblem(reply, refused.status, refused.detail)
      },
    },
    async (request, reply) => {
      const { by, reason, override = false } = request.body
      if (override && reason === undefined) return sendProblem(reply, 400, 'override needs a reason')
      const outcome = await reload({ source: clientOf(request), by: authorOf(request, by), reason, override })
      if (outcome === undefined) return sendProblem(reply, 409, 'this vigia was started without a configuration file')
      return outcome.result === 'refused'
        ? sendProblem(reply, outcome.frozen === true ? 409 : 422, outcome.problems.join('\n'), outcome)
        : outcome
    },
  )
  app.route({
    method: ['GET', 'PUT', 'DELETE', 'PATCH'],
    url: '/reload',
    schema: { hide: true },
    exposeHeadRoute: false,
    handler: async (_request, reply) =>
      sendProblem(reply.header('allow', 'POST'), 405, 'reload is asked for with POST'),
  })
}
