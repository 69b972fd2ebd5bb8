// What a session tells whoever carries it, and how it is bounded. The calls come while it reads (`ServerSession.receive`); each may call
// the session back.

import type { FaultCode } from '../http/faults.ts'
import type { Fields } from '../http/fields.ts'
import type { RequestHead } from '../http/heads.ts'
import type { RequestLimits } from '../http/limits.ts'
import type { ConnectionFault, ErrorCode } from './errors.ts'
import type { Stream } from './stream.ts'

export interface SessionLimits extends RequestLimits {
  /** Most streams at once (SETTINGS_MAX_CONCURRENT_STREAMS). */
  readonly streams: number
  /** Bytes of a body that a client may send before it is told to go on; at least 65,535 each. */
  readonly streamWindow: number
  readonly connectionWindow: number
}

export interface SessionEvents<S extends Stream> {
  /** @returns what will carry the next request, on a stream that opens now */
  openStream(id: number, sendWindow: number, receiveWindow: number): S
  /** Where `stream.receivedAll`, the request has no body, and no `onRequestEnd` follows. */
  onRequest(stream: S, head: RequestHead): void
  /** The head is refused. The stream may be answered and must be ended; nothing that still comes on it is told. */
  onRequestFault(stream: S, fault: FaultCode): void
  /** The bytes are the callee's only during the call. `ServerSession.replenish` lets the client send as many again. */
  onBody(stream: S, chunk: Buffer, start: number, end: number): void
  onRequestEnd(stream: S, trailers: Fields): void
  /** The body is not as long as it was said to be, or its trailers are malformed. Otherwise as `onRequestFault`. */
  onBodyFault(stream: S, fault: FaultCode): void
  /** The stream is gone before both sides were done: reset by the client, or by the session for a fault of the client's. */
  onReset(stream: S, code: ErrorCode): void
  /** More may be sent. @param stream undefined = on all */
  onWindow(stream: S | undefined): void
  /** The answer to `ServerSession.ping`. */
  onPong(): void
  /** The client will open no more streams. */
  onGoAway(code: ErrorCode): void
  /** The connection can't go on. GOAWAY has been written; nothing is read any more, and no stream gets anything else. */
  onFault(fault: ConnectionFault): void
}
