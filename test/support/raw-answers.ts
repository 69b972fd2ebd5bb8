// Ready-made answers of a scripted upstream (raw-upstream.ts).

import type { Answer } from './raw-upstream.ts'

/** 200 with method and target as its body (none to HEAD), once the request is there as a whole. */
export const answerOk: Answer = async arrival => {
  const request = await arrival.whole()
  const answer = ok(`${request.method} ${request.target}`)
  await arrival.connection.write(request.method === 'HEAD' ? answer.slice(0, answer.indexOf('\r\n\r\n') + 4) : answer)
}

/** The bytes of a plain 200. */
export function ok(body = 'ok', fields: readonly string[] = []): string {
  return ['HTTP/1.1 200 OK', ...fields, `Content-Length: ${Buffer.byteLength(body, 'latin1')}`, '', body].join('\r\n')
}

/** Answers every request with these bytes, once it is there as a whole. */
export function answerBytes(bytes: string | Buffer, then: 'keep' | 'fin' | 'reset' = 'keep'): Answer {
  return async arrival => {
    await arrival.whole()
    await arrival.connection.write(bytes)
    if (then === 'fin') arrival.connection.end()
    if (then === 'reset') arrival.connection.reset()
  }
}

/** What the upstream saw, without what differs from request to request; as the body of a 200. */
export const answerEcho: Answer = async arrival => {
  const request = await arrival.whole()
  const fields = request.fields.map(([name, value]) =>
    /^(x-request-id|traceparent)$/i.test(name) ? [name, '...'] : [name, value],
  )
  const seen = { line: request.startLine, fields, body: request.body.toString('latin1'), trailers: request.trailers }
  await arrival.connection.write(ok(JSON.stringify(seen)))
}
