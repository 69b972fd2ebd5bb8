// Errors of the admin listener as problem details (RFC 9457). The one place where a failure becomes an answer.

import type { FastifyInstance, FastifyReply } from 'fastify'

const TITLES: Readonly<Record<number, string>> = {
  400: 'Bad request',
  403: 'Forbidden',
  404: 'Not found',
  405: 'Method not allowed',
  409: 'Conflict',
  413: 'Content too large',
  415: 'Unsupported media type',
  500: 'Internal error',
  503: 'Not ready',
}

export function sendProblem(reply: FastifyReply, status: number, detail: string): FastifyReply {
  return reply
    .code(status)
    .header('content-type', 'application/problem+json')
    .send(JSON.stringify({ type: 'about:blank', title: TITLES[status] ?? 'Error', status, detail }))
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
      'there is /healthz, /readyz, /status, /in-doubt and /metrics; POST /pools/POOL[/upstreams/UPSTREAM]/drain, disable, enable',
    )
  })
  app.setErrorHandler((error: { statusCode?: number; message?: string }, _request, reply) => {
    const status = error.statusCode ?? 500
    if (status < 500) return sendProblem(reply, status, error.message ?? '')
    onError(error)
    return sendProblem(reply, 500, 'vigia could not answer; its log says why')
  })
}
