// Requests over HTTP/1.1, each on a kept connection or on one of its own, with or without TLS.

import {
  type Agent,
  type ClientRequest,
  type IncomingMessage,
  Agent as PlainAgent,
  request as plainRequest,
} from 'node:http'
import { Agent as SecureAgent, request as secureRequest } from 'node:https'
import type { AnswerEvents, Asked, Carried, Carrier, PortNow, Trust } from './carrier.ts'

export class H1Carrier implements Carrier {
  readonly name: 'h1' | 'tls'
  readonly #port: PortNow
  readonly #trust: Trust | undefined
  readonly #kept: Agent
  readonly #single: Agent
  /** The next request opens a connection for itself: over TLS a returning client's, which resumes a session, or a stranger's. */
  next: 'kept' | 'single' | 'stranger' = 'kept'

  constructor(port: PortNow, trust: Trust | undefined) {
    this.name = trust ? 'tls' : 'h1'
    this.#port = port
    this.#trust = trust
    this.#kept = this.#agent(true)
    this.#single = this.#agent(false)
  }

  begin({ method, target, fields, body, length }: Asked, events: AnswerEvents): Carried {
    const { next } = this
    this.next = 'kept'
    const agent = next === 'kept' ? this.#kept : next === 'single' ? this.#single : this.#agent(false)
    const framing = length !== undefined ? { 'content-length': String(length) } : { 'transfer-encoding': 'chunked' }
    const headers = { ...fields, ...(body ? framing : {}) }
    const options = { host: '127.0.0.1', port: this.#port(), method, path: target, headers, agent }
    const request = this.#trust ? secureRequest(options) : plainRequest(options)
    return new H1Request(request, events)
  }

  close(): void {
    this.#kept.destroy()
    this.#single.destroy()
  }

  #agent(keepAlive: boolean): Agent {
    const options = { keepAlive, ...(keepAlive && { maxSockets: 1 }) }
    return this.#trust ? new SecureAgent({ ...options, ...this.#trust }) : new PlainAgent(options)
  }
}

class H1Request implements Carried {
  over = false
  readonly #request: ClientRequest
  readonly #events: AnswerEvents
  #response: IncomingMessage | undefined

  constructor(request: ClientRequest, events: AnswerEvents) {
    this.#request = request
    this.#events = events
    let hasAnswer = false
    request.on('response', response => {
      this.#response = response
      hasAnswer = true
      const { headers } = response
      events.onHead(response.statusCode ?? 0, name => {
        const value = headers[name]
        return (Array.isArray(value) ? value[0] : value) ?? ''
      })
      response.on('data', (piece: Buffer) => events.onData(piece))
      response.on('end', () => this.#end(response.complete ? 'whole' : 'cut'))
      response.on('error', (error: NodeJS.ErrnoException) => this.#end('cut', error.code ?? error.message))
    })
    // An answer may come while the body is still being sent: what the socket says then does not count.
    request.on('error', (error: NodeJS.ErrnoException) => hasAnswer || this.#end('cut', error.code ?? error.message))
    request.on('close', () => hasAnswer || this.#end('cut', 'closed without an answer'))
  }

  write(bytes: Buffer): void {
    if (!this.#request.destroyed) this.#request.write(bytes)
  }

  end(): void {
    // Also behind an answer that came first: without its end the connection is nobody's.
    if (!this.#request.destroyed) this.#request.end()
  }

  leave(): void {
    this.over = true
    this.#request.destroy()
  }

  pause(): void {
    this.#response?.pause()
  }

  resume(): void {
    this.#response?.resume()
  }

  #end(how: 'whole' | 'cut', error = ''): void {
    if (this.over) return
    this.over = true
    this.#events.onEnd(how, error)
  }
}
