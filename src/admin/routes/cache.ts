// GET /cache: what is stored, in numbers. GET /cache/entries: one by one. POST /cache/purge: drops what matches.

import type { FastifyInstance } from 'fastify'
import type { CacheSelection } from '../../policy/cache/selection.ts'
import { authorOf } from '../access/author.ts'
import { onlyWithPost, sendProblem, sendRefusal } from '../answers/problem.ts'
import type { CacheControl } from '../contract/cache.ts'
import {
  BY,
  closed,
  flag,
  line,
  list,
  number,
  ORDER_BYTES,
  object,
  orNull,
  REASON,
  text,
  whole,
} from './schema-blocks.ts'

const TAGS = ['cache']
const MOST_ENTRIES = 1000
const SELECTION = { pool: line(63), host: line(255), path: { ...line(1024), description: 'How the path begins.' } }

export const CACHE = object({
  entries: whole(),
  bytes: whole('In use.'),
  capacityBytes: whole(),
  oldestS: orNull(number('How long ago the oldest was stored.')),
  evicted: whole('Since the start, those that had to go for others.'),
})

const SCHEMAS = {
  report: {
    summary: 'What is cached, in numbers',
    tags: TAGS,
    response: { 200: { description: 'Over all workers.', ...CACHE } },
  },
  list: {
    summary: 'What is cached, one by one; those asked for most come first',
    tags: TAGS,
    querystring: {
      type: 'object',
      properties: {
        ...SELECTION,
        limit: {
          type: 'string',
          pattern: '^[0-9]{1,4}$',
          description: `Most entries, up to ${MOST_ENTRIES}. Default: 100.`,
        },
      },
    },
    response: {
      200: {
        description: 'Those that match.',
        ...object({
          total: whole('Of those that match.'),
          entries: list(
            object({
              ...{ pool: text(), scheme: text(), host: text(), target: text('With its query.'), status: whole() },
              ...{
                bytes: whole('Of the body.'),
                ageS: whole(),
                freshS: whole(),
                hits: whole(),
                variesBy: list(text()),
              },
            }),
          ),
        }),
      },
    },
  },
  purge: {
    summary: 'Drops what matches: who asks next asks its upstream',
    tags: TAGS,
    body: closed({
      ...SELECTION,
      all: flag('Needed where nothing is named.'),
      reason: REASON,
      by: BY,
      unrecorded: flag(),
    }),
    response: { 200: { description: 'What was dropped.', ...object({ purged: whole() }) } },
  },
} as const

interface Purge extends CacheSelection {
  readonly all?: boolean
  readonly reason?: string
  readonly by?: string
  readonly unrecorded?: boolean
}

export function serveCache(app: FastifyInstance, cache: CacheControl): void {
  app.get('/cache', { schema: SCHEMAS.report }, async () => cache.report())
  app.get<{ Querystring: CacheSelection & { readonly limit?: string } }>(
    '/cache/entries',
    { schema: SCHEMAS.list },
    async request => {
      const { limit = '100', ...selection } = request.query
      return cache.list(selection, Math.min(Number(limit), MOST_ENTRIES))
    },
  )
  app.post<{ Body: Purge }>(
    '/cache/purge',
    { schema: SCHEMAS.purge, bodyLimit: ORDER_BYTES },
    async (request, reply) => {
      const { pool, host, path, all = false, reason } = request.body
      const isNamed = pool !== undefined || host !== undefined || path !== undefined
      if (isNamed === all) return sendProblem(reply, 400, 'name a pool, a host or a path, or say all: true')
      const result = await cache.purge({ pool, host, path }, { ...authorOf(request, request.body), reason })
      return result.ok ? { purged: result.purged } : sendRefusal(reply, result)
    },
  )
  onlyWithPost(app, '/cache/purge', 'purge')
}
