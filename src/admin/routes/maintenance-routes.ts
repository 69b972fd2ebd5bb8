// Maintenance windows over HTTP: GET /maintenance, /maintenance/upcoming, /maintenance.ics; POST /maintenance and
// /maintenance/{name}/end, /confirm; DELETE /maintenance/{name}. Reads and checks requests; what is meant by them is control's.

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { WindowDocument } from '../../config/parts/maintenance/window.ts'
import { authorOf } from '../access/auth.ts'
import { clientOf } from '../access/request-client.ts'
import { refuseChange } from '../access/request-guard.ts'
import type { Recording } from '../contract/control-operations.ts'
import type { MaintenanceOperations, MaintenanceView, WindowResult } from '../contract/maintenance-view.ts'
import { sendProblem } from '../problem.ts'
import {
  CALENDAR_REPLY,
  END_BODY,
  ORDER_BODY,
  UPCOMING_REPLY,
  WINDOW_BODY,
  WINDOW_REPLY,
  WINDOWS_REPLY,
} from './maintenance-schemas.ts'

export interface MaintenanceAccess {
  readonly view: MaintenanceView
  readonly operations: MaintenanceOperations
}

const MOST_DAYS = 800
const DEFAULT_DAYS = 30
const BODY_BYTES = 65_536
const STATUSES = { unknown: 404, conflict: 409, invalid: 400, unavailable: 503 } as const
const TAGS = ['maintenance']

interface Who {
  readonly by?: string | undefined
  readonly unrecorded?: boolean | undefined
}
interface Wish extends Who {
  readonly reason: string
  readonly force?: boolean
  readonly next?: boolean
}
interface Named {
  readonly name: string
}

/** @param boundTo host that the admin listener is bound to */
export function serveMaintenance(app: FastifyInstance, { view, operations }: MaintenanceAccess, boundTo: string): void {
  const change = {
    bodyLimit: BODY_BYTES,
    onRequest: async (request: FastifyRequest, reply: FastifyReply) => {
      const refused = refuseChange(request, boundTo)
      if (refused !== undefined) return sendProblem(reply, refused.status, refused.detail)
    },
  }
  const changing = (summary: string, body: object) => ({
    ...change,
    schema: { summary, tags: TAGS, body, response: { 200: WINDOW_REPLY } },
  })

  app.get(
    '/maintenance',
    {
      schema: {
        summary: 'All windows, what each does, and its next five',
        tags: TAGS,
        response: { 200: WINDOWS_REPLY },
      },
    },
    async () => ({ windows: view.windows() }),
  )
  app.get<{ Querystring: { days?: string } }>(
    '/maintenance/upcoming',
    {
      schema: {
        summary: 'What is under way, and what is to come',
        tags: TAGS,
        querystring: {
          type: 'object',
          properties: {
            days: { type: 'string', pattern: '^[0-9]{1,4}$', description: `How far ahead; default ${DEFAULT_DAYS}.` },
          },
        },
        response: { 200: UPCOMING_REPLY },
      },
    },
    async request => {
      const days = Math.min(Number(request.query.days ?? DEFAULT_DAYS), MOST_DAYS)
      return { occurrences: view.upcoming(days) }
    },
  )
  app.get(
    '/maintenance.ics',
    {
      // Calendars send no headers of one's choice.
      config: { queryToken: true },
      schema: { summary: 'To subscribe to from a calendar', tags: TAGS, response: { 200: CALENDAR_REPLY } },
    },
    async (_request, reply) =>
      reply
        .header('content-type', 'text/calendar; charset=utf-8')
        .header('content-disposition', 'inline; filename="maintenance.ics"')
        .send(view.calendar()),
  )
  app.post<{ Body: WindowDocument & Who }>(
    '/maintenance',
    changing('Makes a window; its name must be a new one', WINDOW_BODY),
    async (request, reply) => {
      const { by, unrecorded, ...document } = request.body
      return answer(reply, await operations.add(document, { ...whoOf(request, { by, unrecorded }) }))
    },
  )
  app.post<{ Params: Named; Body: Wish }>(
    '/maintenance/:name/end',
    changing('Ends what is under way, or drains for it; with `next`, cancels the next', END_BODY),
    async (request, reply) => {
      const { reason, force = false, next = false } = request.body
      const order = { ...whoOf(request, request.body), reason, force, next }
      return answer(reply, await operations.end(request.params.name, order))
    },
  )
  app.post<{ Params: Named; Body: Wish }>(
    '/maintenance/:name/confirm',
    changing('Says that the work is done: what is closed beyond its end may reopen', ORDER_BODY),
    async (request, reply) => {
      const order = { ...whoOf(request, request.body), reason: request.body.reason }
      return answer(reply, await operations.confirm(request.params.name, order))
    },
  )
  app.delete<{ Params: Named; Body: Wish }>(
    '/maintenance/:name',
    changing('Removes a window that was made here', ORDER_BODY),
    async (request, reply) => {
      const order = { ...whoOf(request, request.body), reason: request.body.reason }
      return answer(reply, await operations.remove(request.params.name, order))
    },
  )
}

function whoOf(request: FastifyRequest, { by, unrecorded }: Who): Recording & { readonly by: string } {
  return { by: authorOf(request, by), source: clientOf(request), unrecorded }
}

function answer(reply: FastifyReply, result: WindowResult): FastifyReply {
  if (result.ok) return reply.send({ window: result.window, warnings: result.warnings })
  return sendProblem(reply, STATUSES[result.refused], result.problems.join('; '))
}
