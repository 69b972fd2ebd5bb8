// What a client's connection tells the exchange that it carries, whatever protocol it speaks. The other direction is downstream.ts.

import type { FaultCode } from '../../http/faults.ts'
import type { Fields } from '../../http/fields.ts'

export interface ClientEvents {
  readonly requestId: string
  /** It has ended, and takes no notice of anything any more. */
  readonly over: boolean
  /** What came together with the head has been told. To be called once, first of all but the body's bytes. */
  dispatch(): void
  /** A piece of the request's body. The bytes are the exchange's only during the call. */
  onRequestBody(chunk: Buffer, start: number, end: number): void
  /** All bytes at hand have been told. */
  onRequestReadEnd(): void
  onRequestEnd(trailers: Fields): void
  /** The body is malformed: what went up of it is broken off. */
  onRequestFault(code: FaultCode): void
  /** The client takes more of the response again. */
  onDownstreamDrain(): void
  /** It may only have finished sending. */
  onClientHalfClosed(): void
  onClientGone(): void
  /** vigia itself is about to end it, by a bug or by its stop: what was sent may be carried out all the same. @param cause one line */
  interrupted(cause: string): void
  /** An exception somewhere in it: it ends, whatever state it is in. */
  abort(): void
}
