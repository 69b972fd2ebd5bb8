// What a stream needs of its connection.

import type { ErrorCode } from '../../../http2/errors.ts'
import type { SendingSide } from '../../../http2/sending-side.ts'
import type { Stream } from '../../../http2/stream.ts'
import type { ExchangeContext } from '../../exchange/context.ts'
import type { ClientSide } from '../../exchange/downstream.ts'
import type { Sender } from './outlet.ts'

export interface StreamHost {
  readonly client: ClientSide
  readonly context: ExchangeContext
  readonly session: Pick<SendingSide<Stream>, 'headers' | 'data' | 'replenish'>
  /** The socket is to take what it has before it gets more DATA. */
  readonly isFull: boolean
  /** No more streams are taken once the client knows. */
  drain(): void
  /** What was written leaves at the end of the turn. */
  wake(): void
  /** It has DATA that has to wait, and is asked for it when there is room. */
  wait(sender: Sender): void
  /** Ends the stream with RST_STREAM. */
  reset(stream: Stream, code: ErrorCode): void
}
