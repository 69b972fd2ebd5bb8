// What carries the requests of a client: HTTP/1.1 on its own or over TLS, or HTTP/2. All of them by Node's own clients, so that both
// sides never read HTTP/2 in the same wrong way. None of them repeats anything.

export const PROTOCOLS = ['h1', 'tls', 'h2'] as const
export type ProtocolName = (typeof PROTOCOLS)[number]

export interface Asked {
  readonly method: string
  readonly target: string
  readonly fields: Readonly<Record<string, string>>
  /** It has one; the bytes follow. */
  readonly body: boolean
  /** Of the body, where it is announced. */
  readonly length: number | undefined
}

export interface AnswerEvents {
  onHead(status: number, field: (name: string) => string): void
  onData(piece: Buffer): void
  /** Once, and last. `unsent`: the other side has said that it did not take the request. */
  onEnd(how: 'whole' | 'cut' | 'unsent', error: string): void
}

/** A request under way. */
export interface Carried {
  write(bytes: Buffer): void
  end(): void
  /** Breaks it off: over HTTP/2 that stream only, else the connection. */
  leave(): void
  /** Takes nothing more of the answer, whose head is there. */
  pause(): void
  resume(): void
  readonly over: boolean
}

export interface Carrier {
  readonly name: ProtocolName
  begin(asked: Asked, events: AnswerEvents): Carried
  close(): void
}

/** Whom a client with TLS takes for the right one. */
export interface Trust {
  readonly ca: string
  readonly servername: string
}

/** The port may be another one later. */
export type PortNow = () => number
