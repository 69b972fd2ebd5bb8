// The one place where a failure becomes an answer of the admin listener: problem details (RFC 9457).

import type { FastifyInstance, FastifyReply } from 'fastify'
import type { FastifySchemaValidationError } from 'fastify/types/schema.js'
import { type Refusal, refusalText, STATUS_OF } from '../../util/refusal.ts'

export const TITLES: Readonly<Record<number, string>> = {
  400: 'Bad request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not found',
  405: 'Method not allowed',
  409: 'Conflict',
  413: 'Content too large',
  415: 'Unsupported media type',
  422: 'Unprocessable content',
  429: 'Too many requests',
  500: 'Internal error',
  503: 'Not ready',
}

/** @param more members of the problem beside those of RFC 9457 */
export function sendProblem(reply: FastifyReply, status: number, detail: string, more: object = {}): FastifyReply {
  return reply
    .code(status)
    .header('content-type', 'application/problem+json')
    .send(JSON.stringify({ type: 'about:blank', title: TITLES[status] ?? 'Error', status, detail, ...more }))
}

/** What control has refused. */
export function sendRefusal(reply: FastifyReply, refusal: Refusal): FastifyReply {
  return sendProblem(reply, STATUS_OF[refusal.code], refusalText(refusal))
}

/** Says of the other methods that what stands there is asked for with POST. @param what is asked for, e.g. `drain` */
export function onlyWithPost(app: FastifyInstance, url: string, what: string): void {
  app.route({
    method: ['GET', 'PUT', 'DELETE', 'PATCH'],
    url,
    schema: { hide: true },
    exposeHeadRoute: false,
    config: { unguarded: 'it changes nothing' },
    handler: async (_request, reply) =>
      sendProblem(reply.header('allow', 'POST'), 405, `${what} is asked for with POST`),
  })
}

/** What a schema has against a request, in a line. @param part `body`, `querystring`, `params` or `headers` */
export function wrongInput([error]: readonly FastifySchemaValidationError[], part: string): Error {
  const whole = part === 'querystring' ? 'the query' : `the ${part}`
  const where = error?.instancePath ? error.instancePath.slice(1).replaceAll('/', '.') : whole
  if (error?.keyword === 'pattern' && part === 'body') return new Error(`${where} must be one line of printable text`)
  if (error?.keyword === 'enum')
    return new Error(`${where} must be one of ${(error.params.allowedValues as unknown[]).join(', ')}`)
  if (error?.keyword === 'additionalProperties')
    return new Error(`${where} has a key that is not known here: ${String(error.params.additionalProperty)}`)
  return new Error(`${where} ${error?.message ?? 'is not what it should be'}`)
}

/** @param onError is told of errors that are vigia's own; the client learns only that there was one */
export function answerWithProblems(app: FastifyInstance, onError: (error: unknown) => void): void {
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split('?', 1)[0]!
    if (app.hasRoute({ method: 'GET', url: path })) {
      reply.header('allow', 'GET, HEAD')
      return sendProblem(reply, 405, `${path} can only be read (GET)`)
    }
    return sendProblem(
      reply,
      404,
      'there is nothing of that name here; /status says how things are, and /openapi.json what there is',
    )
  })
  app.setErrorHandler((error: { statusCode?: number; message?: string }, _request, reply) => {
    const status = error.statusCode ?? 500
    if (status < 500) return sendProblem(reply, status, error.message ?? '')
    onError(error)
    return sendProblem(reply, 500, 'vigia could not answer; its log says why')
  })
}
