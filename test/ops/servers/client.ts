// A client of the rig: one request after the other, never one again, and what came of each in a few words.

import { RawClient } from '../../support/raw-client.ts'
import { sleep } from '../../support/until.ts'
import { field } from '../../support/wire.ts'

export interface Request {
  readonly method?: string
  readonly path: string
  /** Lines of the head, without those that frame the body. */
  readonly fields?: readonly string[]
  /** Bytes of the body; 0 or undefined = none. */
  readonly length?: number
  readonly chunked?: boolean
  /** Sends `Expect: 100-continue`, and the body once it is told to, or after a second. */
  readonly expects?: boolean
  /** Reads only once all is sent. */
  readonly writesFirst?: boolean
}

const PATIENCE_MS = 15_000
const PIECE = 16_384

export class Visitor {
  readonly #port: number
  readonly #keeps: boolean
  readonly #slowMs: number
  #kept: RawClient | undefined
  /** The longest time that one of its requests took to its answer, ms. */
  slowestMs = 0

  /**
   * @param keeps one connection for as many requests as the other side lets it; else each has one of its own
   * @param slowMs from when on an answer counts as slow
   */
  constructor(port: number, keeps: boolean, slowMs = Number.POSITIVE_INFINITY) {
    this.#port = port
    this.#keeps = keeps
    this.#slowMs = slowMs
  }

  /** @returns status, body or what the answer says of it, and `slow`; or how it ended without an answer. Never rejects. */
  async ask(request: Request): Promise<string> {
    const started = performance.now()
    const connection = this.#kept ?? (await RawClient.connect(this.#port).catch(() => undefined))
    this.#kept = undefined
    if (!connection) return 'no answer: refused'
    const { method = 'GET' } = request
    try {
      await send(connection, request)
      const answer = await connection.final(method, PATIENCE_MS)
      const isLast = field(answer, 'connection')?.toLowerCase() === 'close' || answer.framing === 'close'
      const sentAll = connection.socket.writableLength === 0
      if (this.#keeps && !isLast && sentAll && connection.ending === 'open') this.#kept = connection
      const tookMs = performance.now() - started
      this.slowestMs = Math.max(this.slowestMs, tookMs)
      const slow = tookMs > this.#slowMs ? ', slow' : ''
      return `${answer.status} ${said(method, answer.body, answer)}${slow}`
    } catch {
      return `no answer: ${connection.ending === 'open' ? 'late' : connection.ending}`
    } finally {
      if (this.#kept !== connection) connection.close()
    }
  }

  close(): void {
    this.#kept?.close()
    this.#kept = undefined
  }
}

function said(method: string, body: Buffer, answer: Parameters<typeof field>[0]): string {
  const coding = field(answer, 'content-encoding')
  if (coding !== undefined) return coding
  if (method === 'HEAD') return 'without a body'
  const text = body.toString('latin1')
  const code = /"code":"([a-z-]+)"/.exec(text)?.[1]
  if (code !== undefined) return code
  // Servers have pages of their own for what they refuse.
  return body.length > 30 ? `${text.slice(0, 6)}...` : text
}

async function send(connection: RawClient, request: Request): Promise<void> {
  const { method = 'GET', path, fields = [], length = 0, chunked = false, expects = false } = request
  const framing = chunked ? ['Transfer-Encoding: chunked'] : method === 'POST' ? [`Content-Length: ${length}`] : []
  const lines = [`${method} ${path} HTTP/1.1`, 'Host: erp.example', 'Accept: application/json', ...fields, ...framing]
  if (expects) lines.push('Expect: 100-continue')
  if (request.writesFirst) connection.socket.pause()
  connection.send(`${lines.join('\r\n')}\r\n\r\n`)
  if (expects) await toldToSend(connection)
  for (let left = length; left > 0; left -= PIECE) {
    if (connection.ending !== 'open' || connection.socket.destroyed) break
    const piece = Buffer.alloc(Math.min(left, PIECE), 'x')
    const bytes = chunked ? Buffer.concat([Buffer.from(`${piece.length.toString(16)}\r\n`), piece, CRLF]) : piece
    if (!(await written(connection, bytes))) break
  }
  if (chunked && connection.ending === 'open') connection.send('0\r\n\r\n')
  connection.socket.resume()
}

const CRLF = Buffer.from('\r\n')

/** Resolves when the kernel has the bytes. @returns false where it does not take them any more */
function written({ socket }: RawClient, bytes: Buffer): Promise<boolean> {
  const sent = new Promise<boolean>(resolve => socket.write(bytes, error => resolve(!error)))
  // Who refuses an upload without reading it may leave the writer waiting.
  return Promise.race([sent, sleep(2_000).then(() => false)])
}

async function toldToSend(connection: RawClient): Promise<void> {
  for (let waited = 0; waited < 1_000 && connection.pending.length === 0 && connection.ending === 'open'; waited += 5)
    await sleep(5)
}
