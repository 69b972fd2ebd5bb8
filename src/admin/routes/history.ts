// What vigia has kept, over HTTP: GET /audit, /transitions, /incidents, newest first, a page at a time. Reads and checks queries; secrets
// are masked before rows come here.

import type { FastifyInstance } from 'fastify'
import { parseDuration } from '../../config/forms/units.ts'
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
    summary: 'Stretches in which an upstream or a pool was not available',
    tags: ['record'],
    querystring: closed({ ...OF_UPSTREAM, open: oneOf('true', 'false') }),
    response: {
      200: pageOf({
        id: whole(),
        at: text(),
        end: orNull(text()),
        pool: text(),
        upstream: orNull(text()),
        kind: text(),
        cause: text(),
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
  const from = since === undefined ? undefined : timeOf(since, nowMs)
  const to = until === undefined ? undefined : timeOf(until, nowMs)
  if (from === 'wrong' || to === 'wrong')
    return `${from === 'wrong' ? 'since' : 'until'} is neither a time such as 2026-12-06T04:00:00-03:00 (with its offset or Z) nor how long ago, such as 24h`
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

/** Durations of the configuration end below 500 h; what is kept goes back for years. */
function daysMs(text: string): number | undefined {
  const days = /^(\d{1,5})d$/.exec(text)?.[1]
  return days === undefined ? undefined : Number(days) * 86_400_000
}
