// The configuration over time, over HTTP: POST /config/check, /config/apply, /config/rollback; GET /config, /config/history, /config/history/{id},
// /config/diff. Reads and checks requests; nothing that it answers holds a secret.

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { authorOf } from '../access/author.ts'
import { sendProblem } from '../answers/problem.ts'
import type { ApplyOrder, ApplyReport, Configurations } from '../contract/configurations.ts'
import type { Found } from '../contract/history.ts'
import { PAGE, type PageQuery, pageNumbers, pageOf, sendFound } from './pages.ts'
import { BY, closed, flag, list, object, REASON, text, whole } from './schema-blocks.ts'

/** A configuration of 1 MiB, each character of which may be escaped. */
const BODY_BYTES = 6 * 1024 * 1024 + 8192

const ID = { type: 'string', pattern: '^[0-9]{1,15}$' }
const TEXT = { type: 'string', minLength: 1, maxLength: 1024 * 1024, description: 'YAML, as the file would have it.' }
const ORDER = {
  reason: REASON,
  by: BY,
  write: flag('Also into the configuration file. Default: false; then the file counts again at the next reload.'),
  unrecorded: flag('Also where the store cannot record it now.'),
  override: flag('Also in a change freeze.'),
}
const DIFF = object({ changes: list(text()), total: whole() })
const APPLIED = {
  description: 'It is in use, by every worker.',
  ...object({
    outcome: { type: 'object', properties: { result: text() } },
    written: flag(),
    note: text(),
  }),
}
const YAML_REPLY = { description: 'YAML.', content: { 'application/yaml': { schema: text() } } }
const TAGS = ['configuration']

const SCHEMAS = {
  running: { summary: 'The configuration in use, without its secrets', tags: TAGS, response: { 200: YAML_REPLY } },
  check: {
    summary: 'Whether a configuration could be used, and what it would change',
    tags: TAGS,
    body: closed({ text: TEXT }, ['text']),
    response: {
      200: {
        description: 'What was found.',
        ...object({
          valid: flag(),
          problems: list(
            object(
              {
                severity: text(),
                file: text('An included file; none = the text itself.'),
                line: whole(),
                column: whole(),
                path: text(),
                message: text(),
              },
              ['file'],
            ),
          ),
          diff: { anyOf: [DIFF, { type: 'null' }] },
        }),
      },
    },
  },
  apply: {
    summary: 'Puts a configuration into use',
    tags: TAGS,
    body: closed({ text: TEXT, ...ORDER }, ['text', 'reason']),
    response: { 200: APPLIED },
  },
  rollback: {
    summary: 'Puts an earlier configuration into use again',
    tags: TAGS,
    body: closed({ to: { ...whole('Its id in the history.'), minimum: 1 }, ...ORDER }, ['to', 'reason']),
    response: { 200: APPLIED },
  },
  history: {
    summary: 'Configurations that were applied',
    tags: TAGS,
    querystring: closed(PAGE),
    response: {
      200: pageOf({
        id: whole(),
        at: text(),
        actor: text(),
        source: text(),
        revision: whole(),
        summary: text(),
        hash: text(),
      }),
    },
  },
  text: {
    summary: 'A configuration of the history, without its secrets',
    tags: TAGS,
    params: closed({ id: ID }, ['id']),
    response: { 200: YAML_REPLY },
  },
  diff: {
    summary: 'What differs between two configurations',
    tags: TAGS,
    querystring: closed({
      from: { ...ID, description: 'Id in the history. Default: what is in use.' },
      to: { ...ID, description: 'Id in the history. Default: what is in use.' },
    }),
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

export function serveConfigurations(app: FastifyInstance, configurations: Configurations): void {
  app.get('/config', { schema: SCHEMAS.running }, async (_request, reply) =>
    reply.type('application/yaml').send(await configurations.running()),
  )
  app.post<{ Body: { readonly text: string } }>(
    '/config/check',
    { schema: SCHEMAS.check, bodyLimit: BODY_BYTES },
    async request => configurations.check(request.body.text),
  )
  app.post<{ Body: OrderBody & { readonly text: string } }>(
    '/config/apply',
    { schema: SCHEMAS.apply, bodyLimit: BODY_BYTES },
    async (request, reply) => sendApplied(reply, await configurations.apply(request.body.text, orderOf(request))),
  )
  app.post<{ Body: OrderBody & { readonly to: number } }>(
    '/config/rollback',
    { schema: SCHEMAS.rollback, bodyLimit: BODY_BYTES },
    async (request, reply) => sendApplied(reply, await configurations.rollback(request.body.to, orderOf(request))),
  )
  app.get<{ Querystring: PageQuery }>('/config/history', { schema: SCHEMAS.history }, async (request, reply) =>
    sendFound(reply, await configurations.history(pageNumbers(request.query))),
  )
  app.get<{ Params: { readonly id: string } }>(
    '/config/history/:id',
    { schema: SCHEMAS.text },
    async (request, reply) => {
      const found = await configurations.text(Number(request.params.id))
      return found.ok ? reply.type('application/yaml').send(found.text) : sendFound(reply, found)
    },
  )
  app.get<{ Querystring: { readonly from?: string; readonly to?: string } }>(
    '/config/diff',
    { schema: SCHEMAS.diff },
    async (request, reply) =>
      sendFound(reply, await configurations.diff(idOf(request.query.from), idOf(request.query.to))),
  )
}

function orderOf(request: FastifyRequest<{ Body: OrderBody }>): ApplyOrder {
  const { reason, write = false, override } = request.body
  return { ...authorOf(request, request.body), reason, write, override }
}

function sendApplied(reply: FastifyReply, found: Found<ApplyReport>): FastifyReply {
  if (!found.ok || found.outcome.result !== 'refused') return sendFound(reply, found)
  const { problems, frozen = false } = found.outcome
  return sendProblem(reply, frozen ? 409 : 422, problems.join('\n'), { problems })
}

function idOf(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Number(text)
}
