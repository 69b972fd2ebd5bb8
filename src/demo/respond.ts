// How the sample ERP reads bodies and writes answers and errors. No routes, no business.

import type { IncomingMessage, ServerResponse } from 'node:http'

/** An answer other than success; `title` is for people. */
export class Problem extends Error {
  readonly status: number
  readonly fields: Readonly<Record<string, unknown>>

  constructor(status: number, title: string, fields: Readonly<Record<string, unknown>> = {}) {
    super(title)
    this.status = status
    this.fields = fields
  }
}

export function json(response: ServerResponse, status: number, value: unknown): void {
  const body = Buffer.from(`${JSON.stringify(value)}\n`)
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', 'content-length': body.length })
  response.end(body)
}

export function text(response: ServerResponse, status: number, body: string, type = 'text/plain'): void {
  const bytes = Buffer.from(body)
  response.writeHead(status, { 'content-type': `${type}; charset=utf-8`, 'content-length': bytes.length })
  response.end(bytes)
}

/** Answers with an error, where one can still be sent; else cuts the connection, so that nobody takes a part for the whole. */
export function fail(request: IncomingMessage, response: ServerResponse, error: unknown): void {
  if (response.headersSent || response.destroyed) {
    response.destroy()
    return
  }
  const problem = error instanceof Problem ? error : new Problem(500, 'internal error')
  if (!(error instanceof Problem)) console.error(error)
  // A body that nobody reads any more would block the connection.
  if (!request.complete) response.setHeader('connection', 'close')
  json(response, problem.status, { status: problem.status, title: problem.message, ...problem.fields })
}

/** The whole body, at most `limitBytes` long. */
export async function readBody(request: IncomingMessage, limitBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  // The connection must outlive a refusal, to carry the answer.
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > limitBytes) throw new Problem(413, `a body here is at most ${limitBytes} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/** The body as a JSON object, or as the fields of an HTML form. */
export async function readFields(request: IncomingMessage, limitBytes: number): Promise<Record<string, unknown>> {
  const body = (await readBody(request, limitBytes)).toString('utf8')
  if (request.headers['content-type']?.startsWith('application/x-www-form-urlencoded') && !body.startsWith('{')) {
    return Object.fromEntries(new URLSearchParams(body))
  }
  let value: unknown
  try {
    value = JSON.parse(body)
  } catch {
    throw new Problem(400, 'the body is not JSON')
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Problem(400, 'the body must be a JSON object')
  }
  return value as Record<string, unknown>
}
