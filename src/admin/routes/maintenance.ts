// Maintenance windows over HTTP: GET /maintenance, /maintenance/upcoming, /maintenance.ics; POST /maintenance and
// /maintenance/{name}/end, /uncancel, /extend, /confirm; DELETE /maintenance/{name}. Reads and checks requests; control carries them out.

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { parseDuration } from '../../config/forms/units.ts'
import { type WindowDocument, windowSchema } from '../../config/parts/maintenance/window.ts'
import { authorOf } from '../access/author.ts'
import { sendProblem, sendRefusal } from '../answers/problem.ts'
import type { MaintenanceParts, WindowResult } from '../contract/maintenance.ts'
import { BY, closed, flag, list, object, oneOf, orNull, REASON, type Schema, text, time } from './schema-blocks.ts'

const MOST_DAYS = 800
const DEFAULT_DAYS = 30
const BODY_BYTES = 65_536
const TAGS = ['maintenance']

const OCCURRENCE_FIELDS = {
  window: text(),
  kind: oneOf('maintenance', 'freeze'),
  scope: text(),
  start: time(),
  end: time(),
  leadFrom: time(),
  localStart: text(),
  localEnd: text(),
  timeZone: text(),
  shifted: flag(),
}
const OCCURRENCE = object(OCCURRENCE_FIELDS)

const WINDOW = object({
  name: text(),
  kind: oneOf('maintenance', 'freeze'),
  source: oneOf('file', 'api'),
  by: orNull(text()),
  reason: text(),
  scope: text(),
  behaviour: oneOf('drain', 'answer'),
  timeZone: text(),
  repeat: orNull(text()),
  overrun: oneOf('reopen', 'confirm'),
  onlyWhenHealthy: flag(),
  bypass: object({ addresses: list(text()), header: orNull(text()) }),
  status: oneOf('scheduled', 'lead-in', 'active', 'overrun', 'postponed', 'over'),
  occurrence: { anyOf: [OCCURRENCE, { type: 'null' }] },
  since: orNull(time()),
  until: orNull(time()),
  waitingFor: orNull(text()),
  problem: orNull(text()),
  extended: orNull(object({ by: text(), reason: text() })),
  next: list(OCCURRENCE),
  cancelled: list(object({ ...OCCURRENCE_FIELDS, by: orNull(text()), reason: orNull(text()) })),
})

const WINDOWS_REPLY = {
  description: 'In the order of the configuration; then those made here.',
  ...object({ windows: list(WINDOW) }),
}
const UPCOMING_REPLY = { description: 'In order of time.', ...object({ occurrences: list(OCCURRENCE) }) }
const WINDOW_REPLY = {
  description: 'The window as it is now.',
  ...object({ window: WINDOW, warnings: list(text()) }),
}
const CALENDAR_REPLY = { description: 'RFC 5545.', content: { 'text/calendar': { schema: text() } } }

const AUTHOR = { by: BY, unrecorded: flag() }
const ORDER_BODY = closed({ ...AUTHOR, reason: REASON }, ['reason'])
const END_BODY = closed(
  {
    ...AUTHOR,
    reason: REASON,
    force: flag('Also where probes still fail.'),
    next: flag('Where none is under way: the next one does not take place.'),
  },
  ['reason'],
)

const EXTEND_BODY = closed({ ...AUTHOR, reason: REASON, duration: text('How much later, such as 30m; at most 24h.') }, [
  'reason',
  'duration',
])

/** As in the configuration, but without defaults: the validator would write them into the body. */
const WINDOW_BODY = withoutDefaults({
  ...windowSchema,
  properties: { ...windowSchema.properties, ...AUTHOR },
})

interface AuthorBody {
  readonly by?: string | undefined
  readonly unrecorded?: boolean | undefined
}
interface OrderBody extends AuthorBody {
  readonly reason: string
  readonly force?: boolean
  readonly next?: boolean
}
interface ExtendBody extends OrderBody {
  readonly duration: string
}
interface Named {
  readonly name: string
}

export function serveMaintenance(app: FastifyInstance, { view, operations }: MaintenanceParts): void {
  const changing = (summary: string, body: object) => ({
    bodyLimit: BODY_BYTES,
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
  app.post<{ Body: WindowDocument & AuthorBody }>(
    '/maintenance',
    changing('Makes a window; its name must be a new one', WINDOW_BODY),
    async (request, reply) => {
      const { by, unrecorded, ...document } = request.body
      return answer(reply, await operations.add(document, authorOf(request, { by, unrecorded })))
    },
  )
  app.post<{ Params: Named; Body: OrderBody }>(
    '/maintenance/:name/end',
    changing('Ends what is under way, or drains for it; with `next`, cancels the next', END_BODY),
    async (request, reply) => {
      const { force = false, next = false } = request.body
      return answer(reply, await operations.end(request.params.name, { ...orderOf(request), force, next }))
    },
  )
  app.post<{ Params: Named; Body: OrderBody }>(
    '/maintenance/:name/uncancel',
    changing('The nearest date that was cancelled takes place after all', ORDER_BODY),
    async (request, reply) => answer(reply, await operations.uncancel(request.params.name, orderOf(request))),
  )
  app.post<{ Params: Named; Body: ExtendBody }>(
    '/maintenance/:name/extend',
    changing('Moves the end of what is under way; from now on where that has passed', EXTEND_BODY),
    async (request, reply) => {
      const { duration } = request.body
      const durationMs = parseDuration(duration)
      if (durationMs === undefined || durationMs === 0)
        return sendProblem(reply, 400, `duration: ${JSON.stringify(duration)} is not a duration such as 30m`)
      return answer(reply, await operations.extend(request.params.name, { ...orderOf(request), durationMs }))
    },
  )
  app.post<{ Params: Named; Body: OrderBody }>(
    '/maintenance/:name/confirm',
    changing('Says that the work is done: what is closed beyond its end may reopen', ORDER_BODY),
    async (request, reply) => answer(reply, await operations.confirm(request.params.name, orderOf(request))),
  )
  app.delete<{ Params: Named; Body: OrderBody }>(
    '/maintenance/:name',
    changing('Removes a window that was made here', ORDER_BODY),
    async (request, reply) => answer(reply, await operations.remove(request.params.name, orderOf(request))),
  )
}

function orderOf(request: FastifyRequest<{ Body: OrderBody }>) {
  return { ...authorOf(request, request.body), reason: request.body.reason }
}

function answer(reply: FastifyReply, result: WindowResult): FastifyReply {
  if (result.ok) return reply.send({ window: result.window, warnings: result.warnings })
  return sendRefusal(reply, result)
}

function withoutDefaults(schema: object): Schema {
  return JSON.parse(JSON.stringify(schema, (key, value) => (key === 'default' ? undefined : value))) as Schema
}
