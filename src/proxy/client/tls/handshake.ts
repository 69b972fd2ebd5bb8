// The TLS handshake of one connection: waits for what the client asks for, tells what isn't TLS, waits for its turn, and hands on what is
// encrypted from then on.

import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import { CHALLENGE_PROTOCOL } from '../../../shared/acme-challenges.ts'
import type { CertificateRefusal } from '../../../tls/client-certificate.ts'
import { type ClientHello, HANDSHAKE_RECORD, readClientHello } from '../../../tls/client-hello.ts'
import { explainFailure, NOT_TLS, PLAIN_HTTP } from '../../../tls/handshake-failure.ts'
import type { TlsFacts } from '../../exchange/downstream.ts'
import { allRead } from '../accept/all-read.ts'
import type { Presented } from './client-judge.ts'
import type { Handshakes } from './handshakes.ts'

/** The first letter of a method: what begins so is HTTP to a port that expects TLS. */
const UPPER_A = 65
const UPPER_Z = 90
const UNASKED = { certificate: undefined, refused: undefined }
/** The configuration has changed meanwhile: what it has shown nobody would verify. */
const NOT_ASKED_ANY_MORE = { certificate: undefined, refused: 'certificate-unverified' } as const
const NOTHING: Buffer = Buffer.alloc(0)

export interface HandshakeEvents {
  /** @param refused why none of its requests is to be served */
  onSecure(socket: TLSSocket, facts: TlsFacts, refused: CertificateRefusal | undefined): void
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
  #phase: 'hello' | 'entered' | 'over' = 'hello'
  #gathered = NOTHING
  #asks = false
  #hello: ClientHello = { serverName: undefined, protocols: [] }

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
    this.#transport.once('end', this.#onClosed)
    this.#transport.on('readable', this.#onReadable)
    if (this.#transport.readableLength > 0) this.#onReadable()
  }

  readonly #onReadable = (): void => {
    const bytes = this.#phase === 'hello' ? allRead(this.#transport) : undefined
    if (bytes === undefined) return
    this.#gathered = this.#gathered.length === 0 ? bytes : Buffer.concat([this.#gathered, bytes])
    const first = this.#gathered[0]!
    if (first !== HANDSHAKE_RECORD) return this.#onNoTls(first >= UPPER_A && first <= UPPER_Z)
    const hello = readClientHello(this.#gathered)
    if (!hello) return
    this.#hello = hello
    this.#phase = 'entered'
    this.#giveBack()
    this.#handshakes.enter(this)
  }

  #onNoTls(isHttp: boolean): void {
    this.#handshakes.failed(isHttp ? PLAIN_HTTP : NOT_TLS, this.#peer)
    this.#giveBack()
    this.#end(() => (isHttp ? this.#events.onPlainHttp() : this.#events.onFailed()))
  }

  /** The transport is as if nothing had been read. */
  #giveBack(): void {
    this.#transport.off('readable', this.#onReadable)
    this.#transport.unshift(this.#gathered)
    this.#gathered = NOTHING
  }

  /** It left before its handshake began, as some health checks do: nothing has failed. */
  readonly #onClosed = (): void => this.#end(() => this.#events.onFailed())

  /** Its turn. */
  start(): void {
    const { serverName, protocols } = this.#hello
    const isChallenge = protocols.includes(CHALLENGE_PROTOCOL)
    const challenge = isChallenge ? this.#handshakes.challenges?.get(serverName ?? '') : undefined
    const secureContext = challenge ?? this.#handshakes.contextFor(serverName, this.#peer)
    if (!secureContext) return this.#end(() => this.#events.onFailed())
    this.#ignoreTransport()
    const ALPNProtocols = challenge ? [CHALLENGE_PROTOCOL] : this.#protocols
    const judge = challenge ? undefined : this.#handshakes.judge
    this.#asks = judge !== undefined
    // Only a missing certificate is refused by OpenSSL, with an alert: of one that is bad it tells, and Node goes on.
    const asked = { requestCert: judge !== undefined, rejectUnauthorized: judge?.required === true }
    const socket = new TLSSocket(this.#transport, { isServer: true, secureContext, ALPNProtocols, ...asked })
    // What a socket without a tls.Server says of itself: 'secure' once, '_tlsError' for what breaks, then and later; 'error' may miss.
    socket.once('secure', () => this.#onSecure(socket))
    socket.on('_tlsError' as 'error', (error: NodeJS.ErrnoException) => {
      this.#error ??= error.code
      if (this.#phase === 'over') socket.destroy()
    })
    socket.on('error', () => {})
    socket.once('end', () => this.#onBroken())
    socket.once('close', () => this.#onBroken())
  }

  /** Gives its place back; nothing is told any more. */
  cancel(): void {
    this.#end(() => {})
  }

  /** The time is up. */
  expire(): void {
    const words = this.#phase === 'hello' ? 'the client did not say hello' : 'it took longer than tls.handshakeTimeout'
    this.#end(() => this.#handshakes.failed({ reason: 'timeout', words }, this.#peer))
  }

  #onSecure(socket: TLSSocket): void {
    const { alpnProtocol } = socket
    // RFC 8737 3: the handshake was all that the CA wants.
    if (alpnProtocol === CHALLENGE_PROTOCOL) return this.#end(() => this.#events.onFailed())
    const { serverName } = this.#hello
    const { certificate, refused } = this.#presented(socket)
    if (refused === undefined) this.#handshakes.succeeded(socket.isSessionReused())
    const facts: TlsFacts = { serverName, certificate, alpn: alpnProtocol || undefined }
    this.#end(() => this.#events.onSecure(socket, facts, refused))
  }

  /** What is refused is told here, and answered on the connection: an alert would say less, and Node sends none. */
  #presented(socket: TLSSocket): Pick<Presented, 'certificate' | 'refused'> {
    if (!this.#asks) return UNASKED
    const { judge } = this.#handshakes
    if (judge === undefined) return NOT_ASKED_ANY_MORE
    const presented = judge.presented(socket)
    const { certificate, refused, words } = presented
    if (refused === undefined) return presented
    const whose =
      certificate === undefined ? 'no certificate' : `the certificate ${JSON.stringify(certificate.subject)}`
    const reason = certificate === undefined ? 'no-client-certificate' : 'bad-client-certificate'
    this.#handshakes.failed({ reason, words: `${whose}: ${words}` }, this.#peer, refused)
    return presented
  }

  #onBroken(): void {
    if (this.#phase === 'over') return
    this.#handshakes.failed(explainFailure(this.#error, this.#hello.serverName), this.#peer)
    this.#end(() => this.#events.onFailed())
  }

  #end(tell: () => void): void {
    if (this.#phase === 'over') return
    if (this.#phase === 'entered') this.#handshakes.leave(this)
    this.#ignoreTransport()
    this.#phase = 'over'
    tell()
  }

  #ignoreTransport(): void {
    this.#transport.off('readable', this.#onReadable)
    this.#transport.off('end', this.#onClosed)
    this.#transport.off('close', this.#onClosed)
  }
}
