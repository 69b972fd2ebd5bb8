// The record over HTTP: GET /audit, /transitions, /incidents, newest first, a page at a time. Reads and checks queries; secrets are
// masked before rows come here.

import type { FastifyInstance, FastifyReply } from 'fastify'
import { parseDuration } from '../../config/forms/units.ts'
import type { Found, RecordsView, Rows, SpanQuery } from '../contract/records-view.ts'
import { sendProblem } from '../problem.ts'
import { REFUSALS } from './operation-routes.ts'

const NUMBER = { type: 'string', pattern: '^[0-9]{1,15}$' }
const NAME = { type: 'string', minLength: 1, maxLength: 200 }
const TIME = { type: 'string', maxLength: 64, description: 'A time with its offset or Z, or how long ago: 24h.' }

/** Of every list that comes in pages. */
export const PAGE = {
  limit: { ...NUMBER, description: 'Most rows, 1 to 1000; default 100.' },
  cursor: { ...NUMBER, description: '`next` of the page before.' },
} as const
const SPAN = { ...PAGE, since: { ...TIME }, until: { ...TIME } } as const
const PLACE = { ...SPAN, pool: NAME, upstream: NAME } as const

const text = { type: 'string' }
const orNull = { type: ['string', 'null'] }
const anything = {}

/** The answer with a page of rows of this shape. */
export const pageOf = (properties: Readonly<Record<string, object>>) => ({
  description: 'Newest first.',
  type: 'object',
  properties: {
    rows: { type: 'array', items: { type: 'object', properties, required: Object.keys(properties) } },
    next: { type: ['integer', 'null'], description: 'For `cursor`; null = that was all.' },
  },
  required: ['rows', 'next'],
})

const queryOf = (properties: object) => ({ type: 'object', additionalProperties: false, properties })

const SCHEMAS = {
  audit: {
    summary: 'Every change: who, what, why, when, before and after',
    tags: ['record'],
    querystring: queryOf({ ...SPAN, actor: NAME, subject: NAME, action: NAME }),
    response: {
      200: pageOf({
        seq: { type: 'integer' },
        at: text,
        actor: text,
        source: text,
        action: text,
        subject: text,
        reason: text,
        before: anything,
        after: anything,
        hash: text,
      }),
    },
  },
  transitions: {
    summary: 'Changes of the state of upstreams',
    tags: ['record'],
    querystring: queryOf(PLACE),
    response: {
      200: pageOf({
        id: { type: 'integer' },
        at: text,
        pool: text,
        upstream: text,
        from: text,
        to: text,
        cause: text,
        by: orNull,
      }),
    },
  },
  incidents: {
    summary: 'Stretches in which an upstream or a pool was not available',
    tags: ['record'],
    querystring: queryOf({ ...PLACE, open: { type: 'string', enum: ['true', 'false'] } }),
    response: {
      200: pageOf({
        id: { type: 'integer' },
        at: text,
        end: orNull,
        pool: text,
        upstream: orNull,
        kind: text,
        cause: text,
      }),
    },
  },
} as const

interface Query {
  readonly limit?: string
  readonly cursor?: string
  readonly since?: string
  readonly until?: string
  readonly actor?: string
  readonly subject?: string
  readonly action?: string
  readonly pool?: string
  readonly upstream?: string
  readonly open?: 'true' | 'false'
}

export function serveAudit(app: FastifyInstance, view: RecordsView): void {
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

export function pageNumbers({ limit, cursor }: Pick<Query, 'limit' | 'cursor'>) {
  return {
    limit: limit === undefined ? undefined : Number(limit),
    cursor: cursor === undefined ? undefined : Number(cursor),
  }
}

/** What was found, or the problem. */
export function sendFound<T extends object>(reply: FastifyReply, found: Found<T>): FastifyReply {
  if ('refused' in found) return sendProblem(reply, REFUSALS[found.refused], found.detail)
  const { ok: _, ...rest } = found
  return reply.send(rest)
}

/** Or one line on what is wrong. */
function spanOf({ since, until, ...page }: Query, nowMs: number): SpanQuery | string {
  const from = since === undefined ? undefined : timeOf(since, nowMs)
  const to = until === undefined ? undefined : timeOf(until, nowMs)
  const wrong = [
    ['since', from],
    ['until', to],
  ].find(([, time]) => time === 'wrong')
  if (from === 'wrong' || to === 'wrong')
    return `${wrong![0]} is neither a time such as 2026-12-06T04:00:00-03:00 (with its offset or Z) nor how long ago, such as 24h`
  return { ...pageNumbers(page), fromMs: from, toMs: to }
}

function timeOf(text: string, nowMs: number): number | 'wrong' {
  const agoMs = parseDuration(text) ?? daysMs(text)
  if (agoMs !== undefined) return nowMs - agoMs
  try {
    return Temporal.Instant.from(text).epochMilliseconds
  } catch {
    return 'wrong'
  }
}

/** Durations of the configuration end below 500 h; a record goes back for years. */
function daysMs(text: string): number | undefined {
  const days = /^(\d{1,5})d$/.exec(text)?.[1]
  return days === undefined ? undefined : Number(days) * 86_400_000
}
