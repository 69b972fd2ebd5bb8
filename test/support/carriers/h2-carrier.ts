// Requests over HTTP/2 and TLS, any number of them at once on one connection. Told to go by GOAWAY, the next ones go on another.

import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from 'node:http2'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import type { AnswerEvents, Asked, Carried, Carrier, PortNow, Trust } from './carrier.ts'

const { NGHTTP2_CANCEL, NGHTTP2_REFUSED_STREAM } = constants

/** As large as a browser's: what its process is late to read does not hold up vigia. */
const STREAM_WINDOW = 1_048_576
const WINDOW = 16 * STREAM_WINDOW
const SESSION_MB = 1000

export class H2Carrier implements Carrier {
  readonly name = 'h2'
  readonly #port: PortNow
  readonly #trust: Trust
  readonly #streamWindow: number
  #session: ClientHttp2Session | undefined
  readonly #all = new Set<ClientHttp2Session>()
  #ticket: Buffer | undefined
  /** GOAWAYs that came. */
  toldToGo = 0
  /** Of all connections. */
  resumed = 0
  opened = 0
  /** Connections that are not there yet. */
  connecting = 0

  /** @param streamWindow so much of an answer that is not taken is let come, bytes */
  constructor(port: PortNow, trust: Trust, streamWindow = STREAM_WINDOW) {
    this.#port = port
    this.#trust = trust
    this.#streamWindow = streamWindow
  }

  begin({ method, target, fields, body, length }: Asked, events: AnswerEvents): Carried {
    const announced = length === undefined ? {} : { 'content-length': String(length) }
    const headers = { ':method': method, ':path': target, ...fields, ...announced }
    return new H2Request(this.session.request(headers, { endStream: !body }), events)
  }

  /** That of the next request. */
  get session(): ClientHttp2Session {
    const { closed = true, destroyed = true } = this.#session ?? {}
    if (this.#session && !closed && !destroyed) return this.#session
    const session = this.#open()
    this.#session = session
    return session
  }

  /** The next request goes on a connection of its own. @param stranger with a full handshake */
  renew(stranger: boolean): void {
    this.#session?.close()
    this.#session = undefined
    if (stranger) this.#ticket = undefined
  }

  close(): void {
    for (const session of this.#all) session.destroy()
  }

  #open(): ClientHttp2Session {
    const port = this.#port()
    const session = connect(`https://127.0.0.1:${port}`, {
      createConnection: () => this.#socket(port),
      settings: { initialWindowSize: this.#streamWindow },
      // While more than that waits to go up, the client itself resets answers that come, ENHANCE_YOUR_CALM: findings/.
      maxSessionMemory: SESSION_MB,
    })
    this.opened += 1
    this.connecting += 1
    const there = () => {
      this.connecting -= 1
      session.off('connect', there).off('close', there)
    }
    session.once('connect', () => session.destroyed || session.setLocalWindowSize(WINDOW))
    session.once('connect', there).once('close', there)
    this.#all.add(session)
    session.on('error', () => {})
    session.on('goaway', () => {
      this.toldToGo += 1
    })
    session.on('close', () => this.#all.delete(session))
    return session
  }

  #socket(port: number): TLSSocket {
    const session = this.#ticket ? { session: this.#ticket } : {}
    const socket = connectTls({ host: '127.0.0.1', port, ALPNProtocols: ['h2'], ...this.#trust, ...session })
    socket.on('session', (ticket: Buffer) => {
      this.#ticket = ticket
    })
    socket.on('secureConnect', () => {
      if (socket.isSessionReused()) this.resumed += 1
    })
    return socket
  }
}

class H2Request implements Carried {
  over = false
  readonly #stream: ClientHttp2Stream

  constructor(stream: ClientHttp2Stream, events: AnswerEvents) {
    this.#stream = stream
    let ended = false
    let error = ''
    stream.on('response', fields => {
      events.onHead(Number(fields[':status']), name => {
        const value = fields[name]
        return (Array.isArray(value) ? value[0] : value) ?? ''
      })
    })
    stream.on('data', (piece: Buffer) => events.onData(piece))
    stream.on('end', () => {
      ended = true
    })
    stream.on('error', (thrown: NodeJS.ErrnoException) => {
      error = thrown.code === 'ERR_HTTP2_STREAM_ERROR' ? thrown.message : (thrown.code ?? thrown.message)
    })
    stream.on('close', () => {
      if (this.over) return
      this.over = true
      const { rstCode } = stream
      if (rstCode === NGHTTP2_REFUSED_STREAM || error === 'ERR_HTTP2_GOAWAY_SESSION') events.onEnd('unsent', error)
      else if (ended && rstCode === 0 && error === '') events.onEnd('whole', '')
      else events.onEnd('cut', error || `code ${rstCode}`)
    })
  }

  write(bytes: Buffer): void {
    if (!this.#stream.destroyed && !this.#stream.writableEnded) this.#stream.write(bytes)
  }

  end(): void {
    if (!this.#stream.destroyed) this.#stream.end()
  }

  leave(): void {
    this.over = true
    this.#stream.close(NGHTTP2_CANCEL)
  }

  pause(): void {
    this.#stream.pause()
  }

  resume(): void {
    this.#stream.resume()
  }
}
