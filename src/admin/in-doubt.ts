// GET /in-doubt: the unsafe requests whose fate is unknown, newest first, for whoever has to find out what became of them.

import type { FastifyInstance } from 'fastify'
import type { ControlView } from './control-view.ts'
import { sendProblem } from './problem.ts'

const LIMIT = /^\d{1,6}$/

export function serveInDoubt(app: FastifyInstance, view: ControlView): void {
  app.get<{ Querystring: { limit?: string | string[] } }>('/in-doubt', async (request, reply) => {
    const { limit } = request.query
    if (limit === undefined) return view.inDoubt()
    if (typeof limit !== 'string' || !LIMIT.test(limit))
      return sendProblem(reply, 400, 'limit is how many records are wanted at most: a whole number')
    return view.inDoubt(Number(limit))
  })
}
