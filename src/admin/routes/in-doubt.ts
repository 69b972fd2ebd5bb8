// GET /in-doubt: the unsafe requests whose fate is unknown, newest first, for the people who find out what became of them.
// POST /in-doubt/{requestId}: what they found out.

import type { FastifyInstance } from 'fastify'
import { authorOf } from '../access/author.ts'
import { sendRefusal } from '../answers/problem.ts'
import type { ControlOperations, Resolution } from '../contract/operations.ts'
import type { ControlView } from '../contract/status.ts'
import {
  BY,
  closed,
  flag,
  list,
  number,
  ORDER_BYTES,
  object,
  oneOf,
  orNull,
  REASON,
  ref,
  type Schema,
  text,
  time,
  whole,
} from './schema-blocks.ts'

const TAGS = ['in doubt']
const RESOLUTION = oneOf('done', 'not-done', 'ignored')

const IN_DOUBT: Schema = {
  $id: 'InDoubt',
  description: 'An unsafe request whose fate is unknown.',
  ...object({
    at: time(),
    requestId: text(),
    route: text(),
    pool: text(),
    upstream: text(),
    method: text(),
    path: text('Without the query.'),
    idempotencyKey: orNull(text()),
    client: text('Its address.'),
    bytesSent: number(),
    stage: oneOf('sent', 'responding'),
    cause: text(),
    resolved: orNull(object({ resolution: RESOLUTION, note: text(), by: text(), at: time() })),
  }),
}

const SCHEMAS = {
  list: {
    summary: 'Unsafe requests whose fate is unknown, newest first',
    tags: TAGS,
    querystring: {
      type: 'object',
      properties: { limit: { type: 'string', pattern: '^[0-9]{1,6}$', description: 'Most records.' } },
    },
    response: {
      200: {
        description: 'Newest first.',
        ...object({
          total: whole('Since the start.'),
          dropped: whole('Of these, those that are no longer kept.'),
          open: whole('Of those that are kept, those that nobody has settled.'),
          records: list(ref('InDoubt')),
        }),
      },
    },
  },
  resolve: {
    summary: 'Says what became of a request in doubt',
    tags: TAGS,
    body: closed({ resolution: RESOLUTION, note: REASON, by: BY, unrecorded: flag() }, ['resolution']),
    response: {
      200: { description: 'The records of that request.', ...object({ records: list(ref('InDoubt')) }) },
    },
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

/** @param operations undefined = the list can only be read */
export function serveInDoubt(app: FastifyInstance, view: ControlView, operations?: ControlOperations): void {
  app.addSchema(IN_DOUBT)
  app.get<{ Querystring: { limit?: string } }>('/in-doubt', { schema: SCHEMAS.list }, async request => {
    const { limit } = request.query
    return limit === undefined ? view.inDoubt() : view.inDoubt(Number(limit))
  })
  if (operations === undefined) return
  app.post<Resolve>(
    '/in-doubt/:requestId',
    { schema: SCHEMAS.resolve, bodyLimit: ORDER_BYTES },
    async (request, reply) => {
      const { requestId } = request.params
      const { resolution, note = '' } = request.body
      const result = await operations.resolveInDoubt(requestId, {
        resolution,
        note,
        ...authorOf(request, request.body),
      })
      if (!result.ok) return sendRefusal(reply, result)
      return { records: view.inDoubt().records.filter(each => each.requestId === requestId) }
    },
  )
}
