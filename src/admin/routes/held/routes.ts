// Integrations and held requests over HTTP: GET /integrations, POST /integrations/{route}/{pause|resume}; GET /held, /held/{id},
// /held/export; POST /held/{retry|drop|settle}, POST /held/{id}/content, for who may read what a request says.

import { Readable } from 'node:stream'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { parseSpan } from '../../../config/forms/units.ts'
import type { HeldState } from '../../../shared/held/messages.ts'
import { authorOf } from '../../access/author.ts'
import { onlyWithPost, sendProblem, sendRefusal } from '../../answers/problem.ts'
import type {
  HeldControl,
  HeldOrdering,
  HeldResult,
  HeldRowReport,
  HeldRows,
  IntegrationResult,
} from '../../contract/held.ts'
import type { Done } from '../../contract/operations.ts'
import { parseEnd } from '../deadline.ts'
import { pageNumbers, sendFound } from '../pages.ts'
import { ORDER_BYTES } from '../schema-blocks.ts'
import { csvHeader, csvLine } from './csv.ts'
import { MOST_IDS, SCHEMAS } from './schemas.ts'

interface Which {
  readonly route?: string
  readonly state?: HeldState
  readonly key?: string
}
interface Order {
  readonly reason?: string
  readonly by?: string
  readonly unrecorded?: boolean
}
interface OnIds {
  readonly Body: Order & { readonly ids: readonly string[]; readonly ttl?: string; readonly at?: string }
}

/** An id takes 22 characters, its quotes and a comma. */
const IDS_BYTES = ORDER_BYTES + MOST_IDS * 70
/** Rows that an export reads at once. */
const EXPORT_ROWS = 1000

export function serveHeld(app: FastifyInstance, held: HeldControl): void {
  serveIntegrations(app, held)
  app.get<{ Querystring: Which & { limit?: string; cursor?: string } }>(
    '/held',
    { schema: SCHEMAS.list },
    async (request, reply) => {
      const { route, state, key, ...page } = request.query
      return sendFound(reply, await held.list({ route, state, key, ...pageNumbers(page) }))
    },
  )
  serveExport(app, held)
  app.get<{ Params: { id: string } }>('/held/:id', { schema: SCHEMAS.show }, async (request, reply) =>
    sendFound(reply, await held.show(request.params.id)),
  )
  app.post<{ Params: { id: string }; Body: Order }>(
    '/held/:id/content',
    { schema: SCHEMAS.content, bodyLimit: ORDER_BYTES, config: { role: 'admin' } },
    async (request, reply) => {
      // Where nobody needs a token, nobody is known who might read it.
      if (request.principal === undefined)
        return sendProblem(
          reply,
          403,
          'what a held request says is shown only to a token with the role admin (admin.tokens)',
        )
      return sendFound(reply, await held.content(request.params.id, orderOf(request)))
    },
  )
  onlyWithPost(app, '/held/:id/content', 'content')
  serveHeldOrders(app, held)
}

function serveIntegrations(app: FastifyInstance, held: HeldControl): void {
  app.get('/integrations', { schema: SCHEMAS.integrations }, async () => held.integrations())
  app.post<{ Params: { route: string }; Body: Order & { until?: string; override?: boolean } }>(
    '/integrations/:route/pause',
    { schema: SCHEMAS.pause, bodyLimit: ORDER_BYTES },
    async (request, reply) => {
      const { until, override } = request.body
      const end = until === undefined ? { deadlineMs: undefined } : parseEnd('until', until, Date.now())
      if (typeof end === 'string') return sendProblem(reply, 400, end)
      const { deadlineMs: untilMs, deadlineBy: untilBy } = end
      const result = await held.pause(request.params.route, { ...orderOf(request), untilMs, untilBy, override })
      return sendIntegration(reply, result)
    },
  )
  onlyWithPost(app, '/integrations/:route/pause', 'pause')
  app.post<{ Params: { route: string }; Body: Order }>(
    '/integrations/:route/resume',
    { schema: SCHEMAS.resume, bodyLimit: ORDER_BYTES },
    async (request, reply) => {
      return sendIntegration(reply, await held.resume(request.params.route, orderOf(request)))
    },
  )
  onlyWithPost(app, '/integrations/:route/resume', 'resume')
}

function serveHeldOrders(app: FastifyInstance, held: HeldControl): void {
  const options = { bodyLimit: IDS_BYTES }
  app.post<OnIds>('/held/retry', { ...options, schema: SCHEMAS.retry }, async (request, reply) => {
    const { ids, ttl, at } = request.body
    const ttlMs = ttl === undefined ? undefined : parseSpan(ttl)
    if (ttl !== undefined && !ttlMs)
      return sendProblem(reply, 400, `ttl ${JSON.stringify(ttl)} is no length of time such as 7d`)
    const when = at === undefined ? { deadlineMs: undefined } : parseEnd('at', at, Date.now())
    if (typeof when === 'string') return sendProblem(reply, 400, when)
    return sendDone(reply, await held.retry(ids, { ttlMs, notBeforeMs: when.deadlineMs }, orderOf(request)))
  })
  app.post<OnIds>('/held/drop', { ...options, schema: SCHEMAS.drop }, async (request, reply) =>
    sendDone(reply, await held.drop(request.body.ids, orderOf(request))),
  )
  app.post<{ Body: Order & { id: string; carriedOut: boolean } }>(
    '/held/settle',
    { ...options, schema: SCHEMAS.settle },
    async (request, reply) => {
      const { id, carriedOut } = request.body
      return sendDone(reply, await held.settle(id, carriedOut, orderOf(request)))
    },
  )
  for (const what of ['retry', 'drop', 'settle']) onlyWithPost(app, `/held/${what}`, what)
}

function serveExport(app: FastifyInstance, held: HeldControl): void {
  app.get<{ Querystring: Which & { format?: 'csv' | 'ndjson' } }>(
    '/held/export',
    { schema: SCHEMAS.export },
    async (request, reply) => {
      const { format = 'ndjson', ...which } = request.query
      const first = await held.list({ ...which, limit: EXPORT_ROWS })
      if ('code' in first) return sendRefusal(reply, first)
      reply.header(
        'content-type',
        format === 'csv' ? 'text/csv; charset=utf-8; header=present' : 'application/x-ndjson',
      )
      return reply.send(Readable.from(exported(held, which, format, first)))
    },
  )
}

/** A page at a time: who reads slowly costs no memory. What can't be read any more cuts it, which its reader sees. */
async function* exported(
  held: HeldControl,
  which: Which,
  format: 'csv' | 'ndjson',
  first: HeldRows,
): AsyncGenerator<string> {
  const lineOf = format === 'csv' ? csvLine : (row: HeldRowReport) => `${JSON.stringify(row)}\n`
  if (format === 'csv') yield csvHeader()
  let page = first
  for (;;) {
    if (page.rows.length > 0) yield page.rows.map(lineOf).join('')
    if (page.next === null) return
    const found = await held.list({ ...which, limit: EXPORT_ROWS, cursor: page.next })
    if ('code' in found) throw new Error(found.message)
    page = found
  }
}

function orderOf(request: FastifyRequest<{ Body: Order }>): HeldOrdering {
  return { ...authorOf(request, request.body), reason: request.body.reason ?? '' }
}

function sendIntegration(reply: FastifyReply, result: IntegrationResult): FastifyReply {
  return result.ok ? send(reply, result, result.integration) : sendRefusal(reply, result)
}

function sendDone(reply: FastifyReply, result: HeldResult): FastifyReply {
  return result.ok ? send(reply, result, { done: result.done, left: result.left }) : sendRefusal(reply, result)
}

/** Done, but not in the store yet: until it is, a restart would forget it. */
function send(reply: FastifyReply, { unrecorded }: Done, answer: object): FastifyReply {
  if (unrecorded) reply.header('x-vigia-recorded', 'later')
  return reply.send(answer)
}
