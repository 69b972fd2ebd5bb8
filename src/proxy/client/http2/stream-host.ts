// What a stream needs of its connection.

import type { ErrorCode } from '../../../http2/errors.ts'
import type { ServerSession } from '../../../http2/session.ts'
import type { ExchangeContext } from '../../exchange/context.ts'
import type { ClientSide } from '../../exchange/downstream.ts'
import type { H2Stream } from './h2-stream.ts'

export interface StreamHost {
  readonly client: ClientSide
  readonly context: ExchangeContext
  readonly session: ServerSession<H2Stream>
  /** The socket is to take what it has before it gets more DATA. */
  readonly isFull: boolean
  /** What was written leaves at the end of the turn. */
  wake(): void
  /** It has DATA that has to wait: `H2Stream.sendWaiting` is called when there is room. */
  wait(stream: H2Stream): void
  /** Ends the stream with RST_STREAM. */
  reset(stream: H2Stream, code: ErrorCode): void
}
