// POST /reload: reads the configuration file again and puts it into use. Answers once every worker serves it, or with all that is
// wrong with it.

import type { FastifyInstance } from 'fastify'
import { authorOf } from '../access/author.ts'
import { onlyWithPost, sendProblem } from '../answers/problem.ts'
import type { Reload } from '../contract/reload.ts'
import {
  BY,
  closed,
  flag,
  list,
  ORDER_BYTES,
  object,
  oneOf,
  PROBLEM_REPLY,
  REASON,
  text,
  whole,
} from './schema-blocks.ts'

const SCHEMA = {
  summary: 'Reads the configuration file again and puts it into use',
  description: 'Problems of the file, one a line, are the detail of a 422; then the former configuration stays.',
  tags: ['configuration'],
  body: closed({ by: BY, reason: REASON, override: flag('Also in a change freeze; needs a reason.') }),
  response: {
    200: {
      description: 'Every worker serves it, or it was in use already.',
      ...object(
        {
          result: oneOf('applied', 'unchanged'),
          revision: whole(),
          changes: list(text()),
          total: whole('Of changes; where there are many, not all are listed.'),
          warnings: list(text()),
        },
        ['changes', 'total', 'warnings'],
      ),
    },
    422: PROBLEM_REPLY,
  },
} as const

interface Body {
  readonly by?: string
  readonly reason?: string
  readonly override?: boolean
}

export function serveReload(app: FastifyInstance, reload: Reload): void {
  app.post<{ Body: Body }>('/reload', { schema: SCHEMA, bodyLimit: ORDER_BYTES }, async (request, reply) => {
    const { reason, override = false } = request.body
    if (override && reason === undefined) return sendProblem(reply, 400, 'override needs a reason')
    const { by, source } = authorOf(request, request.body)
    const outcome = await reload({ source, by, reason, override })
    if (outcome === undefined) return sendProblem(reply, 409, 'this vigia was started without a configuration file')
    return outcome.result === 'refused'
      ? sendProblem(reply, outcome.frozen === true ? 409 : 422, outcome.problems.join('\n'), outcome)
      : outcome
  })
  onlyWithPost(app, '/reload', 'reload')
}
