// The configuration over time, over HTTP: POST /config/check, /config/apply, /config/rollback; GET /config, /config/history, /config/history/{id},
// /config/diff. Reads and checks requests; nothing that it answers holds a secret.

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { authorOf } from '../access/auth.ts'
import { clientOf } from '../access/request-client.ts'
import { refuseChange } from '../access/request-guard.ts'
import { sendProblem } from '../answers/problem.ts'
import type { ApplyOrder, ApplyReport, Configurations } from '../contract/configurations.ts'
import type { Found } from '../contract/history.ts'
import { PAGE, pageNumbers, pageOf, sendFound } from './audit-routes.ts'
import { line } from './operation-routes.ts'

/** A configuration of 1 MiB, each character of which may be escaped. */
const BODY_BYTES = 6 * 1024 * 1024 + 8192

const flag = { type: 'boolean' }
const text = { type: 'string' }
const number = { type: 'integer' }
const ID = { type: 'string', pattern: '^[0-9]{1,15}$' }
const TEXT = { type: 'string', minLength: 1, maxLength: 1024 * 1024, description: 'YAML, as the file would have it.' }
const ORDER = {
  reason: line(500),
  by: line(100),
  write: {
    ...flag,
    description: 'Also into the configuration file. Default: false; then the file counts again at the next reload.',
  },
  unrecorded: { ...flag, description: 'Also where the store cannot record it now.' },
  override: { ...flag, description: 'Also in a change freeze.' },
}
const bodyOf = (properties: object, required: readonly string[]) => ({
  type: 'object',
  additionalProperties: false,
  properties,
  required,
})

const DIFF = {
  type: 'object',
  properties: { changes: { type: 'array', items: text }, total: number },
  required: ['changes', 'total'],
}
const APPLIED = {
  description: 'It is in use, by every worker.',
  type: 'object',
  properties: { outcome: { type: 'object', properties: { result: text } }, written: flag, note: text },
  required: ['outcome', 'written', 'note'],
}
const TAGS = ['configuration']

const YAML_REPLY = { description: 'YAML.', content: { 'application/yaml': { schema: text } } }

const SCHEMAS = {
  running: { summary: 'The configuration in use, without its secrets', tags: TAGS, response: { 200: YAML_REPLY } },
  check: {
    summary: 'Whether a configuration could be used, and what it would change',
    tags: TAGS,
    body: bodyOf({ text: TEXT }, ['text']),
    response: {
      200: {
        description: 'What was found.',
        type: 'object',
        properties: {
          valid: flag,
          problems: {
            type: 'array',
            items: {
              type: 'object',
              properties: { severity: text, line: number, column: number, path: text, message: text },
              required: ['severity', 'line', 'column', 'path', 'message'],
            },
          },
          diff: { anyOf: [DIFF, { type: 'null' }] },
        },
        required: ['valid', 'problems', 'diff'],
      },
    },
  },
  apply: {
    summary: 'Puts a configuration into use',
    tags: TAGS,
    body: bodyOf({ text: TEXT, ...ORDER }, ['text', 'reason']),
    response: { 200: APPLIED },
  },
  rollback: {
    summary: 'Puts an earlier configuration into use again',
    tags: TAGS,
    body: bodyOf({ to: { ...number, minimum: 1, description: 'Its id in the history.' }, ...ORDER }, ['to', 'reason']),
    response: { 200: APPLIED },
  },
  history: {
    summary: 'Configurations that were applied',
    tags: TAGS,
    querystring: bodyOf(PAGE, []),
    response: {
      200: pageOf({ id: number, at: text, actor: text, source: text, revision: number, summary: text, hash: text }),
    },
  },
  text: {
    summary: 'A configuration of the history, without its secrets',
    tags: TAGS,
    params: bodyOf({ id: ID }, ['id']),
    response: { 200: YAML_REPLY },
  },
  diff: {
    summary: 'What differs between two configurations',
    tags: TAGS,
    querystring: bodyOf(
      {
        from: { ...ID, description: 'Id in the history. Default: what is in use.' },
        to: { ...ID, description: 'Id in the history. Default: what is in use.' },
      },
      [],
    ),
    response: { 200: { description: 'From the first to the second.', ...DIFF } },
  },
} as const

interface OrderBody {
  readonly reason: string
  readonly by?: string
  readonly write?: boolean
  readonly unrecorded?: boolean
  readonly override?: boolean
}

/** @param boundTo host that the admin listener is bound to */
export function serveConfigurationHistory(app: FastifyInstance, history: Configurations, boundTo: string): void {
  /** Whoever may give vigia a configuration may have it read files, and send traffic anywhere. */
  const guarded = {
    bodyLimit: BODY_BYTES,
    config: { role: 'admin' },
    onRequest: async (request: FastifyRequest, reply: FastifyReply) => {
      const refused = refuseChange(request, boundTo)
      if (refused !== undefined) return sendProblem(reply, refused.status, refused.detail)
    },
  } as const

  app.get('/config', { schema: SCHEMAS.running }, async (_request, reply) =>
    reply.type('application/yaml').send(history.running()),
  )
  app.post<{ Body: { readonly text: string } }>('/config/check', { ...guarded, schema: SCHEMAS.check }, async request =>
    history.check(request.body.text),
  )
  app.post<{ Body: OrderBody & { readonly text: string } }>(
    '/config/apply',
    { ...guarded, schema: SCHEMAS.apply },
    async (request, reply) => sendApplied(reply, await history.apply(request.body.text, orderOf(request))),
  )
  app.post<{ Body: OrderBody & { readonly to: number } }>(
    '/config/rollback',
    { ...guarded, schema: SCHEMAS.rollback },
    async (request, reply) => sendApplied(reply, await history.rollback(request.body.to, orderOf(request))),
  )
  app.get<{ Querystring: { readonly limit?: string; readonly cursor?: string } }>(
    '/config/history',
    { schema: SCHEMAS.history },
    async (request, reply) => sendFound(reply, await history.history(pageNumbers(request.query))),
  )
  app.get<{ Params: { readonly id: string } }>(
    '/config/history/:id',
    { schema: SCHEMAS.text },
    async (request, reply) => {
      const found = await history.text(Number(request.params.id))
      return found.ok ? reply.type('application/yaml').send(found.text) : sendFound(reply, found)
    },
  )
  app.get<{ Querystring: { readonly from?: string; readonly to?: string } }>(
    '/config/diff',
    { schema: SCHEMAS.diff },
    async (request, reply) => sendFound(reply, await history.diff(idOf(request.query.from), idOf(request.query.to))),
  )
}

function orderOf(request: FastifyRequest<{ Body: OrderBody }>): ApplyOrder {
  const { reason, by, write = false, unrecorded, override } = request.body
  return { reason, by: authorOf(request, by), source: clientOf(request), write, unrecorded, override }
}

function sendApplied(reply: FastifyReply, found: Found<ApplyReport>): FastifyReply {
  if (!found.ok || found.outcome.result !== 'refused') return sendFound(reply, found)
  const { problems } = found.outcome
  return sendProblem(reply, 422, problems.join('\n'), { problems })
}

function idOf(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Number(text)
}
