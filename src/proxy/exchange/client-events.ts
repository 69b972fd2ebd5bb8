// What a client's connection tells the exchange that it carries, whatever protocol it speaks. The other direction is downstream.ts.

import type { FaultCode } from '../../http/faults.ts'
import type { Fields } from '../../http/fields.ts'
import type { OwnCode } from '../answers/codes.ts'

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
  /**
   * An upstream has gone silent. What waits for its answer goes on elsewhere where that is provably safe and there is somebody to ask.
   * @param endBeforeMs what was sent there earlier ends in any case, monotonic ms
   */
  upstreamIsSilent(slot: number, endBeforeMs: number): void
  /** Nothing may stay on this upstream: a long poll there goes on elsewhere, or ends. */
  endPoll(slot: number): void
  /**
   * vigia itself ends it, by a bug or by its stop, whatever state it is in: it is answered, unless its answer has begun. What was sent
   * may be carried out all the same.
   * @param code of the answer, where nothing is in doubt @param cause one line
   */
  interrupt(code: OwnCode, cause: string): void
}
