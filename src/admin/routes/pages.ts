// Lists that come a page at a time: how a page is asked for, what it looks like, and the answer with one.

import type { FastifyReply } from 'fastify'
import { sendRefusal } from '../answers/problem.ts'
import type { Found, RowsQuery } from '../contract/history.ts'
import { list, object, orNull, type Schema, whole } from './schema-blocks.ts'

const NUMBER: Schema = { type: 'string', pattern: '^[0-9]{1,15}$' }

/** In a query. */
export const PAGE = {
  limit: { ...NUMBER, description: 'Most rows, 1 to 1000; default 100.' },
  cursor: { ...NUMBER, description: '`next` of the page before.' },
}

export interface PageQuery {
  readonly limit?: string
  readonly cursor?: string
}

/** The answer with a page of rows of this shape. */
export const pageOf = (properties: Record<string, Schema>): Schema => ({
  description: 'Newest first.',
  ...object({
    rows: list(object(properties)),
    next: orNull(whole('For `cursor`; null = that was all.')),
  }),
})

export function pageNumbers({ limit, cursor }: PageQuery): RowsQuery {
  return {
    limit: limit === undefined ? undefined : Number(limit),
    cursor: cursor === undefined ? undefined : Number(cursor),
  }
}

/** What was found, or the problem. */
export function sendFound<T extends object>(reply: FastifyReply, found: Found<T>): FastifyReply {
  if ('code' in found) return sendRefusal(reply, found)
  const { ok: _, ...rest } = found
  return reply.send(rest)
}
