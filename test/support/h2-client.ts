// HTTP/2 with prior knowledge, by Node's own client: what a test asks for, and all that comes of it.

import { type ClientHttp2Session, type ClientHttp2Stream, connect, type OutgoingHttpHeaders } from 'node:http2'
import { until } from './until.ts'

export interface H2Answer {
  readonly status: number
  readonly fields: Readonly<Record<string, string | string[] | undefined>>
  readonly body: Buffer
  readonly trailers: Readonly<Record<string, string | string[] | undefined>> | undefined
  /** Status of each interim answer. */
  readonly interims: readonly number[]
}

export interface H2Options {
  readonly body?: string | Buffer
  /** Sends no END_STREAM. */
  readonly open?: boolean
}

export class H2Client {
  readonly session: ClientHttp2Session
  /** Of each GOAWAY that came: its code and its last stream. */
  readonly goAways: { readonly code: number; readonly lastStream: number }[] = []
  closed = false

  constructor(port: number, settings: Parameters<typeof connect>[1] = {}) {
    this.session = connect(`http://127.0.0.1:${port}`, settings)
    this.session.on('error', () => {})
    this.session.on('goaway', (code, lastStream) => this.goAways.push({ code, lastStream }))
    this.session.on('close', () => {
      this.closed = true
    })
  }

  stream(fields: OutgoingHttpHeaders, { body, open = false }: H2Options = {}): ClientHttp2Stream {
    const stream = this.session.request(fields, { endStream: body === undefined && !open })
    if (body !== undefined && open) stream.write(body)
    else if (body !== undefined) stream.end(body)
    return stream
  }

  /** @throws with the code of a reset stream in its words */
  ask(fields: OutgoingHttpHeaders, options: H2Options = {}): Promise<H2Answer> {
    return answerOf(this.stream(fields, options))
  }

  get(path: string, fields: OutgoingHttpHeaders = {}): Promise<H2Answer> {
    return this.ask({ ':path': path, ...fields })
  }

  /** Of the connection. */
  async ended(): Promise<void> {
    await until('the connection is closed', () => this.closed)
  }

  close(): void {
    this.session.destroy()
  }
}

export function answerOf(stream: ClientHttp2Stream): Promise<H2Answer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    const interims: number[] = []
    let fields: H2Answer['fields'] | undefined
    let trailers: H2Answer['trailers']
    stream.on('headers', headers => interims.push(headers[':status']!))
    stream.on('response', headers => {
      fields = headers as H2Answer['fields']
    })
    stream.on('trailers', headers => {
      trailers = headers as H2Answer['trailers']
    })
    stream.on('data', (chunk: Buffer) => chunks.push(chunk))
    stream.on('error', reject)
    stream.on('close', () => {
      if (fields === undefined || stream.rstCode !== 0) return reject(new Error(`no answer, code ${stream.rstCode}`))
      resolve({ status: Number(fields[':status']), fields, body: Buffer.concat(chunks), trailers, interims })
    })
    stream.resume()
  })
}
