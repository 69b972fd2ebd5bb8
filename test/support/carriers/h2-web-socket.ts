// The socket of a WebSocket client that knows HTTP/1.1 only (the package `ws`), over a stream of HTTP/2: its upgrade becomes an extended
// CONNECT (RFC 8441), and the answer to that the answer to its upgrade.

import { createHash } from 'node:crypto'
import type { ClientHttp2Session, ClientHttp2Stream, IncomingHttpHeaders, IncomingHttpStatusHeader } from 'node:http2'
import { Duplex } from 'node:stream'

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'
const OWN_FIELDS = new Set(['host', 'connection', 'upgrade', 'sec-websocket-key', 'sec-websocket-extensions'])

type AnswerFields = IncomingHttpHeaders & IncomingHttpStatusHeader

export class H2WebSocket extends Duplex {
  readonly #session: ClientHttp2Session
  #stream: ClientHttp2Stream | undefined

  constructor(session: ClientHttp2Session) {
    super()
    this.#session = session
  }

  override _write(bytes: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    if (this.#stream) return void this.#stream.write(bytes, done)
    // The first write is the head of the upgrade, whole.
    this.#withSettings(() => {
      this.#ask(bytes.toString('latin1'))
      done()
    })
  }

  override _final(done: () => void): void {
    if (!this.#stream || this.#stream.destroyed) return done()
    this.#stream.end(done)
  }

  override _read(): void {
    this.#stream?.resume()
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#stream?.close()
    done(error)
  }

  /** Whether extended CONNECT is known there has to be heard first (RFC 8441 3). */
  #withSettings(then: () => void): void {
    const { destroyed, remoteSettings } = this.#session
    if (destroyed) return void this.destroy(new Error('the session is gone'))
    if (remoteSettings?.enableConnectProtocol) return then()
    const late = () => this.destroy(new Error('the session ended before its settings came'))
    this.#session.once('close', late)
    this.#session.once('remoteSettings', () => {
      this.#session.off('close', late)
      then()
    })
  }

  #ask(head: string): void {
    const [first = '', ...lines] = head.split('\r\n')
    const fields = Object.fromEntries(
      lines
        .filter(line => line.includes(': '))
        .map(line => [line.split(': ', 1)[0]!.toLowerCase(), line.split(': ')[1]!]),
    )
    const sent = Object.fromEntries(Object.entries(fields).filter(([name]) => !OWN_FIELDS.has(name)))
    const pseudo = { ':method': 'CONNECT', ':protocol': 'websocket', ':path': first.split(' ')[1] }
    let stream: ClientHttp2Stream
    try {
      stream = this.#session.request({ ...pseudo, ...sent }, { endStream: false })
    } catch (error) {
      return void this.destroy(error as Error)
    }
    this.#stream = stream
    stream.on('error', error => this.destroy(error))
    stream.on('response', answer => this.push(headOf(answer as AnswerFields, fields['sec-websocket-key'] ?? '')))
    stream.on('data', (piece: Buffer) => {
      if (!this.push(piece)) stream.pause()
    })
    stream.on('end', () => this.push(null))
    stream.on('close', () => this.destroy())
  }
}

function headOf(answer: AnswerFields, key: string): string {
  const accept = createHash('sha1').update(`${key}${GUID}`).digest('base64')
  const status = answer[':status']
  if (status === 200)
    return `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`
  return `HTTP/1.1 ${status} Refused\r\nConnection: close\r\n\r\n`
}
