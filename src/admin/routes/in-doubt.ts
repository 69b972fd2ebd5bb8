// GET /in-doubt: the unsafe requests whose fate is unknown, newest first, for whoever has to find out what became of them.
// POST /in-doubt/{requestId}: what they found out.

import type { FastifyInstance } from 'fastify'
import { authorOf } from '../access/auth.ts'
import { clientOf } from '../access/request-client.ts'
import { refuseChange } from '../access/request-guard.ts'
import { sendProblem, sendRefusal } from '../answers/problem.ts'
import type { Resolution } from '../contract/operations.ts'
import type { ControlView } from '../contract/status.ts'
import { IN_DOUBT_REPLY, RESOLVED_REPLY } from './openapi-schemas.ts'
import { type Changes, line } from './operation-routes.ts'

const LIMIT = '^[0-9]{1,6}$'

const SCHEMAS = {
  list: {
    summary: 'Unsafe requests whose fate is unknown, newest first',
    tags: ['in doubt'],
    querystring: {
      type: 'object',
      properties: { limit: { type: 'string', pattern: LIMIT, description: 'Most records.' } },
    },
    response: { 200: IN_DOUBT_REPLY },
  },
  resolve: {
    summary: 'Says what became of a request in doubt',
    tags: ['in doubt'],
    body: {
      type: 'object',
      additionalProperties: false,
      properties: {
        resolution: { type: 'string', enum: ['done', 'not-done', 'ignored'] },
        note: line(500),
        by: line(100),
        unrecorded: { type: 'boolean' },
      },
      required: ['resolution'],
    },
    response: { 200: RESOLVED_REPLY },
  },
} as const

interface Resolve {
  readonly Params: { readonly requestId: string }
  readonly Body: {
    readonly resolution: Resolution
    readonly note?: string
    readonly by?: string
    readonly unrecorded?: boolean
  }
}

/** @param changes undefined = the list can only be read */
export function serveInDoubt(app: FastifyInstance, view: ControlView, changes?: Changes): void {
  app.get<{ Querystring: { limit?: string } }>('/in-doubt', { schema: SCHEMAS.list }, async request => {
    const { limit } = request.query
    return limit === undefined ? view.inDoubt() : view.inDoubt(Number(limit))
  })
  if (changes === undefined) return
  const { operations, boundTo } = changes
  app.post<Resolve>(
    '/in-doubt/:requestId',
    {
      schema: SCHEMAS.resolve,
      bodyLimit: 8192,
      onRequest: async (request, reply) => {
        const refused = refuseChange(request, boundTo)
        if (refused !== undefined) return sendProblem(reply, refused.status, refused.detail)
      },
    },
    async (request, reply) => {
      const { requestId } = request.params
      const { resolution, note = '', by, unrecorded } = request.body
      const who = { by: authorOf(request, by), source: clientOf(request), unrecorded }
      const result = await operations.resolveInDoubt(requestId, { resolution, note, ...who })
      if (!result.ok) return sendRefusal(reply, result)
      return { records: view.inDoubt().records.filter(record => record.requestId === requestId) }
    },
  )
}
