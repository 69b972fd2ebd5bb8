// What vigia has kept, over HTTP: GET /audit, /transitions, /incidents, newest first, a page at a time. Reads and checks queries; secrets
// are masked before rows come here.

import type { FastifyInstance } from 'fastify'
import { momentOf, WHAT_MOMENTS_ARE } from '../../config/forms/units.ts'
import { sendProblem } from '../answers/problem.ts'
import type { Found, HistoryView, Rows, SpanQuery } from '../contract/history.ts'
import { PAGE, type PageQuery, pageNumbers, pageOf, sendFound } from './pages.ts'
import { closed, oneOf, orNull, text, whole } from './schema-blocks.ts'

const NAME = { type: 'string', minLength: 1, maxLength: 200 }
const TIME = { type: 'string', maxLength: 64, description: 'A time with its offset or Z, or how long ago: 24h.' }
const SPAN = { ...PAGE, since: TIME, until: TIME }
const OF_UPSTREAM = { ...SPAN, pool: NAME, upstream: NAME }

const SCHEMAS = {
  audit: {
    summary: 'Every change: who, what, why, when, before and after',
    tags: ['record'],
    querystring: closed({ ...SPAN, actor: NAME, subject: NAME, action: NAME }),
    response: {
      200: pageOf({
        seq: whole(),
        at: text(),
        actor: text(),
        source: text(),
        action: text(),
        subject: text(),
        reason: text(),
        before: {},
        after: {},
        hash: text(),
      }),
    },
  },
  transitions: {
    summary: 'Changes of the state of upstreams',
    tags: ['record'],
    querystring: closed(OF_UPSTREAM),
    response: {
      200: pageOf({
        id: whole(),
        at: text(),
        pool: text(),
        upstream: text(),
        from: text(),
        to: text(),
        cause: text(),
        by: orNull(text()),
      }),
    },
  },
  incidents: {
    summary: 'Stretches in which an upstream, a pool or vigia itself was not available',
    tags: ['record'],
    querystring: closed({ ...OF_UPSTREAM, open: oneOf('true', 'false') }),
    response: {
      200: pageOf({
        id: whole(),
        at: text(),
        end: orNull(text()),
        durationMs: orNull(whole()),
        pool: text(),
        upstream: orNull(text()),
        kind: text('upstream-out, pool-unavailable, vigia-down'),
        cause: text(),
        failed: orNull(whole('Requests that failed meanwhile.')),
      }),
    },
  },
} as const

interface Query extends PageQuery {
  readonly since?: string
  readonly until?: string
  readonly actor?: string
  readonly subject?: string
  readonly action?: string
  readonly pool?: string
  readonly upstream?: string
  readonly open?: 'true' | 'false'
}

export function serveHistory(app: FastifyInstance, view: HistoryView): void {
  const serve = (name: keyof typeof SCHEMAS, ask: (query: Query, span: SpanQuery) => Promise<Found<Rows<unknown>>>) =>
    app.get<{ Querystring: Query }>(`/${name}`, { schema: SCHEMAS[name] }, async (request, reply) => {
      const span = spanOf(request.query, Date.now())
      return typeof span === 'string' ? sendProblem(reply, 400, span) : sendFound(reply, await ask(request.query, span))
    })
  serve('audit', ({ actor, subject, action }, span) => view.audit({ ...span, actor, subject, action }))
  serve('transitions', ({ pool, upstream }, span) => view.transitions({ ...span, pool, upstream }))
  serve('incidents', ({ pool, upstream, open }, span) =>
    view.incidents({ ...span, pool, upstream, open: open === undefined ? undefined : open === 'true' }),
  )
}

/** @returns the span, or one line on what is wrong */
function spanOf({ since, until, ...page }: Query, nowMs: number): SpanQuery | string {
  const fromMs = since === undefined ? undefined : momentOf(since, nowMs)
  const toMs = until === undefined ? undefined : momentOf(until, nowMs)
  if (since !== undefined && fromMs === undefined) return `since is ${WHAT_MOMENTS_ARE}`
  if (until !== undefined && toMs === undefined) return `until is ${WHAT_MOMENTS_ARE}`
  return { ...pageNumbers(page), fromMs, toMs }
}
