// What an operator may ask for over HTTP: POST /pools/{pool}[/upstreams/{upstream}]/{drain|disable|enable|weight}, POST /pools/{pool}/failback.
// Reads and checks the request, hands it to ControlOperations, answers with the state that results.

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { type AdminAccess, authorOf } from '../access/auth.ts'
import { clientOf } from '../access/request-client.ts'
import { refuseChange } from '../access/request-guard.ts'
import { sendProblem, sendRefusal } from '../answers/problem.ts'
import type { Configurations } from '../contract/configurations.ts'
import type { EventFeed } from '../contract/events.ts'
import type { HistoryView } from '../contract/history.ts'
import type { Answer, ControlOperations, Recording, Where } from '../contract/operations.ts'
import type { Reload } from '../contract/reload.ts'
import type { ControlView } from '../contract/status.ts'
import { parseDeadline } from './deadline.ts'
import type { MaintenanceAccess } from './maintenance-routes.ts'
import { POOL_REPLY, UPSTREAM_REPLY } from './openapi-schemas.ts'

export interface Changes {
  readonly operations: ControlOperations
  /** Host that the admin listener is bound to. */
  readonly boundTo: string
  /** Undefined = nobody needs a token. */
  readonly access?: AdminAccess | undefined
  readonly events?: EventFeed | undefined
  readonly maintenance?: MaintenanceAccess | undefined
  readonly reload?: Reload | undefined
  readonly records?: HistoryView | undefined
  /** Undefined = this vigia was started without a file. */
  readonly history?: Configurations | undefined
}

/** 500 characters may take six bytes each, or twelve as a pair of escapes. */
const BODY_BYTES = 8192

/** One printable line: it goes into logs and onto terminals, where bidirectional controls would make it read as something else. */
export const line = (most: number) => ({
  type: 'string',
  minLength: 1,
  maxLength: most,
  pattern: '^(?=.*\\S)[^\\u0000-\\u001f\\u007f-\\u009f\\u2028\\u2029\\u200e\\u200f\\u202a-\\u202e\\u2066-\\u2069]+$',
})

const ORDER = {
  reason: line(500),
  by: line(100),
  unrecorded: { type: 'boolean' },
  override: { type: 'boolean', description: 'Also in a change freeze.' },
}
const bodyOf = (properties: object, required: readonly string[]) => ({
  body: { type: 'object', additionalProperties: false, properties, required },
})
const FORCE = { force: { type: 'boolean' } }
const SCHEMAS = {
  drain: bodyOf({ ...ORDER, ...FORCE, deadline: { type: 'string', maxLength: 64 } }, ['reason']),
  disable: bodyOf({ ...ORDER, ...FORCE }, ['reason']),
  enable: bodyOf(ORDER, []),
  failback: bodyOf(ORDER, ['reason']),
  weight: bodyOf(
    {
      ...ORDER,
      ...FORCE,
      weight: { type: ['number', 'null'], minimum: 0, maximum: 1000, description: 'null = as configured again.' },
      percent: { type: 'number', minimum: 0, maximum: 1000, description: 'Of the configured weight.' },
    },
    ['reason'],
  ),
} as const
const SUMMARIES: Readonly<Record<keyof typeof SCHEMAS, string>> = {
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
  readonly unrecorded?: boolean
  readonly override?: boolean
}

type Asked = FastifyRequest<{ Params: Where; Body: Body }>
type Act = (where: Where, body: Recording & Body & { readonly by: string; readonly reason: string }) => Answer | string

export function serveOperations(app: FastifyInstance, view: ControlView, { operations, boundTo }: Changes): void {
  const serve = (path: string, verb: keyof typeof SCHEMAS, act: Act) => {
    const url = `${path}/${verb}`
    app.post<{ Params: Where; Body: Body }>(
      url,
      {
        schema: {
          ...SCHEMAS[verb],
          summary: SUMMARIES[verb],
          tags: ['operations'],
          response: { 200: path.includes(':upstream') ? UPSTREAM_REPLY : POOL_REPLY },
        },
        bodyLimit: BODY_BYTES,
        onRequest: async (request, reply) => {
          const refused = refuseChange(request, boundTo)
          if (refused !== undefined) return sendProblem(reply, refused.status, refused.detail)
        },
      },
      async (request, reply) => answer(request, reply, view, act),
    )
    app.route({
      method: ['GET', 'PUT', 'DELETE', 'PATCH'],
      url,
      schema: { hide: true },
      exposeHeadRoute: false,
      handler: async (_request, reply) =>
        sendProblem(reply.header('allow', 'POST'), 405, `${verb} is asked for with POST`),
    })
  }
  for (const path of ['/pools/:pool', '/pools/:pool/upstreams/:upstream']) {
    serve(path, 'drain', (where, { deadline, force = false, ...order }) => {
      const deadlineMs = deadline === undefined ? undefined : parseDeadline(deadline, Date.now())
      if (typeof deadlineMs === 'string') return deadlineMs
      return operations.drain(where, { ...order, force, deadlineMs })
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
  const by = authorOf(request, body.by)
  const result = await act({ pool, upstream }, { ...body, by, reason: body.reason ?? '', source: clientOf(request) })
  if (typeof result === 'string') return sendProblem(reply, 400, result)
  if (!result.ok) return sendRefusal(reply, result)
  // Whoever asked for it to be done all the same learns that a restart would forget it for now.
  if (result.unrecorded) reply.header('x-vigia-recorded', 'later')
  const state = view.status().pools.find(each => each.name === pool)
  return reply.send(upstream === undefined ? state : state?.upstreams.find(each => each.name === upstream))
}
