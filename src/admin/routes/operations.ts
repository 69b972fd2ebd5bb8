// What an operator may ask for over HTTP: POST /pools/{pool}[/upstreams/{upstream}]/{drain|disable|enable|weight}, POST /pools/{pool}/failback.
// Reads and checks the request, hands it to ControlOperations, answers with the state that results.

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { authorOf } from '../access/author.ts'
import { onlyWithPost, sendProblem, sendRefusal } from '../answers/problem.ts'
import type { Answer, ControlOperations, Recording, Where } from '../contract/operations.ts'
import type { ControlView } from '../contract/status.ts'
import { parseDeadline } from './deadline.ts'
import { BY, closed, flag, ORDER_BYTES, REASON, ref } from './schema-blocks.ts'

const ORDER = { reason: REASON, by: BY, unrecorded: flag(), override: flag('Also in a change freeze.') }
const FORCE = { force: flag() }
const BODIES = {
  drain: closed({ ...ORDER, ...FORCE, deadline: { type: 'string', maxLength: 64 } }, ['reason']),
  disable: closed({ ...ORDER, ...FORCE }, ['reason']),
  enable: closed(ORDER, []),
  failback: closed(ORDER, ['reason']),
  weight: closed(
    {
      ...ORDER,
      ...FORCE,
      weight: { type: ['number', 'null'], minimum: 0, maximum: 1000, description: 'null = as configured again.' },
      percent: { type: 'number', minimum: 0, maximum: 1000, description: 'Of the configured weight.' },
    },
    ['reason'],
  ),
}
type Verb = keyof typeof BODIES
const SUMMARIES: Readonly<Record<Verb, string>> = {
  drain: 'No new work; its own sessions stay until the deadline',
  disable: 'Nothing at all, from now on',
  enable: 'Ends what drain or disable has asked for',
  failback: 'Lets the load return to earlier priorities',
  weight: 'Another weight in the place of the configured one; survives reloads',
}

interface Body {
  readonly reason?: string
  readonly by?: string
  readonly deadline?: string
  readonly force?: boolean
  readonly weight?: number | null
  readonly percent?: number
  readonly unrecorded?: boolean | undefined
  readonly override?: boolean
}

type Asked = FastifyRequest<{ Params: Where; Body: Body }>
type Act = (where: Where, body: Recording & Body & { readonly by: string; readonly reason: string }) => Answer | string

/** Pools and upstreams as they are in the document: see serveStatus. */
const REPLIES = {
  pool: { description: 'The pool as it is now.', ...ref('Pool') },
  upstream: { description: 'The upstream as it is now.', ...ref('Upstream') },
}

export function serveOperations(app: FastifyInstance, view: ControlView, operations: ControlOperations): void {
  const serve = (path: string, verb: Verb, act: Act) => {
    const url = `${path}/${verb}`
    const schema = {
      summary: SUMMARIES[verb],
      tags: ['operations'],
      body: BODIES[verb],
      response: { 200: path.includes(':upstream') ? REPLIES.upstream : REPLIES.pool },
    }
    app.post<{ Params: Where; Body: Body }>(url, { schema, bodyLimit: ORDER_BYTES }, async (request, reply) =>
      answer(request, reply, view, act),
    )
    onlyWithPost(app, url, verb)
  }
  for (const path of ['/pools/:pool', '/pools/:pool/upstreams/:upstream']) {
    serve(path, 'drain', (where, { deadline, force = false, ...order }) => {
      const until = deadline === undefined ? { deadlineMs: undefined } : parseDeadline(deadline, Date.now())
      if (typeof until === 'string') return until
      return operations.drain(where, { ...order, force, ...until })
    })
    serve(path, 'disable', (where, { force = false, ...order }) => operations.disable(where, { ...order, force }))
    serve(path, 'enable', (where, { reason, ...order }) =>
      operations.enable(where, { ...order, reason: reason === '' ? undefined : reason }),
    )
  }
  serve('/pools/:pool/upstreams/:upstream', 'weight', ({ pool, upstream = '' }, body) => {
    const { force = false, weight, percent, ...order } = body
    if ((weight === undefined) === (percent === undefined))
      return 'give either weight (null = as configured again) or percent'
    const value = percent !== undefined ? { percent } : weight === null ? undefined : { weight: weight! }
    return operations.weight({ pool, upstream }, { ...order, force, value })
  })
  serve('/pools/:pool', 'failback', ({ pool }, order) => operations.failback(pool, order))
}

async function answer(request: Asked, reply: FastifyReply, view: ControlView, act: Act): Promise<FastifyReply> {
  const { pool, upstream } = request.params
  const { body } = request
  const order = { ...body, ...authorOf(request, body), reason: body.reason ?? '' }
  const result = await act({ pool, upstream }, order)
  if (typeof result === 'string') return sendProblem(reply, 400, result)
  if (!result.ok) return sendRefusal(reply, result)
  // Done, but not in the store yet: until it is, a restart would forget it.
  if (result.unrecorded) reply.header('x-vigia-recorded', 'later')
  const state = view.status().pools.find(each => each.name === pool)
  return reply.send(upstream === undefined ? state : state?.upstreams.find(each => each.name === upstream))
}
