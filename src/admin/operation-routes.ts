// What an operator may ask for over HTTP: POST /pools/{pool}[/upstreams/{upstream}]/{drain|disable|enable}, POST /pools/{pool}/failback.
// Reads and checks the request, hands it to ControlOperations, answers with the state that results.

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { FastifySchemaValidationError } from 'fastify/types/schema.js'
import type { ControlOperations, OperationResult, Where } from './control-operations.ts'
import type { ControlView } from './control-view.ts'
import { parseDeadline } from './deadline.ts'
import { sendProblem } from './problem.ts'
import { refuseChange } from './request-guard.ts'

export interface Changes {
  readonly operations: ControlOperations
  /** Host that the admin listener is bound to. */
  readonly boundTo: string
}

/** 500 characters may take six bytes each, or twelve as a pair of escapes. */
const BODY_BYTES = 8192

/** One printable line: it goes into logs and onto terminals, where bidirectional controls would make it read as something else. */
const line = (most: number) => ({
  type: 'string',
  minLength: 1,
  maxLength: most,
  pattern: '^(?=.*\\S)[^\\u0000-\\u001f\\u007f-\\u009f\\u2028\\u2029\\u200e\\u200f\\u202a-\\u202e\\u2066-\\u2069]+$',
})

const ORDER = { reason: line(500), by: line(100) }
const bodyOf = (properties: object, required: readonly string[]) => ({
  body: { type: 'object', additionalProperties: false, properties, required },
})
const FORCE = { force: { type: 'boolean' } }
const SCHEMAS = {
  drain: bodyOf({ ...ORDER, ...FORCE, deadline: { type: 'string', maxLength: 64 } }, ['reason']),
  disable: bodyOf({ ...ORDER, ...FORCE }, ['reason']),
  enable: bodyOf(ORDER, []),
  failback: bodyOf(ORDER, ['reason']),
} as const

interface Body {
  readonly reason?: string
  readonly by?: string
  readonly deadline?: string
  readonly force?: boolean
}

type Asked = FastifyRequest<{ Params: Where; Body: Body }>
type Act = (where: Where, body: Body & { readonly by: string; readonly reason: string }) => OperationResult | string

export function serveOperations(app: FastifyInstance, view: ControlView, { operations, boundTo }: Changes): void {
  const serve = (path: string, verb: keyof typeof SCHEMAS, act: Act) => {
    const url = `${path}/${verb}`
    app.post<{ Params: Where; Body: Body }>(
      url,
      {
        schema: SCHEMAS[verb],
        bodyLimit: BODY_BYTES,
        schemaErrorFormatter: ([error]) => new Error(wrong(error)),
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
      handler: async (_request, reply) =>
        sendProblem(reply.header('allow', 'POST'), 405, `${verb} is asked for with POST`),
    })
  }
  for (const path of ['/pools/:pool', '/pools/:pool/upstreams/:upstream']) {
    serve(path, 'drain', (where, { reason, by, deadline, force = false }) => {
      const deadlineMs = deadline === undefined ? undefined : parseDeadline(deadline, Date.now())
      if (typeof deadlineMs === 'string') return deadlineMs
      return operations.drain(where, { reason, by, force, deadlineMs })
    })
    serve(path, 'disable', (where, { reason, by, force = false }) => operations.disable(where, { reason, by, force }))
    serve(path, 'enable', (where, { reason, by }) =>
      operations.enable(where, { reason: reason === '' ? undefined : reason, by }),
    )
  }
  serve('/pools/:pool', 'failback', ({ pool }, order) => operations.failback(pool, order))
}

function answer(request: Asked, reply: FastifyReply, view: ControlView, act: Act): FastifyReply {
  const { pool, upstream } = request.params
  const { body } = request
  const by = body.by ?? `admin API, ${request.ip}`
  const result = act({ pool, upstream }, { ...body, by, reason: body.reason ?? '' })
  if (typeof result === 'string') return sendProblem(reply, 400, result)
  if (!result.ok) return sendProblem(reply, result.refused === 'unknown' ? 404 : 409, result.detail)
  const state = view.status().pools.find(each => each.name === pool)
  return reply.send(upstream === undefined ? state : state?.upstreams.find(each => each.name === upstream))
}

function wrong(error: FastifySchemaValidationError | undefined): string {
  const where = error?.instancePath === '' ? 'the body' : (error?.instancePath.slice(1) ?? 'the body')
  if (error?.keyword === 'pattern') return `${where} must be one line of printable text`
  if (error?.keyword === 'additionalProperties')
    return `${where} has a key that is not known here: ${String(error.params.additionalProperty)}`
  return `${where} ${error?.message ?? 'is not what it should be'}`
}
