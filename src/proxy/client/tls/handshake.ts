// The TLS handshake of one connection: waits for the first byte, tells what isn't TLS, waits for its turn, and hands on what is encrypted
// from then on. Ends in time, whatever the client does.

import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import { CHALLENGE_PROTOCOL } from '../../../shared/acme-challenges.ts'
import { explainFailure, NOT_TLS, PLAIN_HTTP } from '../../../tls/handshake-failure.ts'
import type { TlsFacts } from '../../exchange/downstream.ts'
import { challengeOptions } from './challenge-contexts.ts'
import type { Handshakes } from './handshakes.ts'

/** Type of a TLS record that holds a handshake message (RFC 8446 5.1). */
export const HANDSHAKE_RECORD = 22
/** The first letter of a method: what begins so is HTTP to a port that expects TLS. */
const UPPER_A = 65
const UPPER_Z = 90

export interface HandshakeEvents {
  onSecure(socket: TLSSocket, facts: TlsFacts): void
  /** The client speaks HTTP; nothing of it has been read. */
  onPlainHttp(): void
  /** The connection is over, or to be ended. */
  onFailed(): void
}

export class Handshake {
  readonly #transport: Socket
  readonly #handshakes: Handshakes
  readonly #protocols: string[]
  readonly #peer: string
  readonly #events: HandshakeEvents
  #error: string | undefined = undefined
  #phase: 'first-byte' | 'entered' | 'over' = 'first-byte'

  /** @param protocols offered by ALPN, the preferred one first */
  constructor(transport: Socket, handshakes: Handshakes, protocols: string[], peer: string, events: HandshakeEvents) {
    this.#transport = transport
    this.#handshakes = handshakes
    this.#protocols = protocols
    this.#peer = peer
    this.#events = events
  }

  begin(): void {
    this.#transport.once('close', this.#onClosed)
    if (this.#transport.readableLength > 0) this.#onFirstBytes()
    else this.#transport.once('readable', this.#onFirstBytes)
  }

  readonly #onFirstBytes = (): void => {
    if (this.#phase !== 'first-byte') return
    const bytes = this.#transport.read() as Buffer | null
    // Looked at the port and left, as some health checks do: nothing has failed.
    if (bytes === null) return this.#onClosed()
    this.#transport.unshift(bytes)
    const first = bytes[0]!
    if (first === HANDSHAKE_RECORD) {
      this.#phase = 'entered'
      return this.#handshakes.enter(this)
    }
    const isHttp = first >= UPPER_A && first <= UPPER_Z
    this.#handshakes.failed(isHttp ? PLAIN_HTTP : NOT_TLS, this.#peer)
    this.#end(() => (isHttp ? this.#events.onPlainHttp() : this.#events.onFailed()))
  }

  /** Before its own part has begun: gone without a word, or while it waited. */
  readonly #onClosed = (): void => this.#end(() => this.#events.onFailed())

  /** Its turn. */
  start(): void {
    const secureContext = this.#handshakes.context
    if (!secureContext) {
      this.#handshakes.failed({ reason: 'no-certificate', words: 'the listener has no certificate' }, this.#peer)
      return this.#end(() => this.#events.onFailed())
    }
    this.#transport.off('close', this.#onClosed)
    const { challenges, onServerName } = this.#handshakes
    const socket = new TLSSocket(this.#transport, {
      isServer: true,
      secureContext,
      ...(challenges
        ? challengeOptions(challenges, this.#protocols, onServerName)
        : { ALPNProtocols: this.#protocols, SNICallback: onServerName }),
    })
    // What a socket without a tls.Server says of itself: 'secure' once, '_tlsError' for what breaks, then and later; 'error' may miss.
    socket.once('secure', () => this.#onSecure(socket))
    socket.on('_tlsError' as 'error', (error: NodeJS.ErrnoException) => {
      this.#error ??= error.code
      if (this.#phase === 'over') socket.destroy()
    })
    socket.on('error', () => {})
    socket.once('end', () => this.#onBroken(socket))
    socket.once('close', () => this.#onBroken(socket))
  }

  /** Gives its place back; nothing is told any more. */
  cancel(): void {
    this.#end(() => {})
  }

  /** The time is up. */
  expire(): void {
    const words = this.#phase === 'first-byte' ? 'the client sent nothing' : 'it took longer than tls.handshakeTimeout'
    this.#end(() => this.#handshakes.failed({ reason: 'timeout', words }, this.#peer))
  }

  #onSecure(socket: TLSSocket): void {
    const { servername, alpnProtocol } = socket
    // RFC 8737 3: the handshake was all that the CA wants.
    if (alpnProtocol === CHALLENGE_PROTOCOL) return this.#end(() => this.#events.onFailed())
    this.#handshakes.succeeded(socket.isSessionReused())
    const serverName = servername ? servername.toLowerCase() : undefined
    const facts: TlsFacts = { serverName, alpn: alpnProtocol || undefined }
    this.#end(() => this.#events.onSecure(socket, facts))
  }

  #onBroken({ servername }: TLSSocket): void {
    if (this.#phase === 'over') return
    this.#handshakes.failed(explainFailure(this.#error, servername || undefined), this.#peer)
    this.#end(() => this.#events.onFailed())
  }

  #end(tell: () => void): void {
    if (this.#phase === 'over') return
    if (this.#phase === 'entered') this.#handshakes.leave(this)
    else this.#transport.off('readable', this.#onFirstBytes)
    this.#transport.off('close', this.#onClosed)
    this.#phase = 'over'
    tell()
  }
}
