// A stream of a connection (RFC 9113 5.1): what is still open of it, and its windows. Who carries an exchange on it extends it.

import { type BodyLength, NO_LENGTH } from '../http/body.ts'

export class Stream {
  readonly id: number
  /** The client has sent all it will. */
  receivedAll = false
  /** All that goes to the client has been written. */
  sentAll = false
  /** It is no part of its connection any more: nothing can be sent on it. */
  gone = false
  /** What still comes is of no interest: its request was refused. */
  deaf = false
  /** Bytes that the client takes; below 0 where it made its windows smaller. */
  sendWindow: number
  /** Bytes of DATA that the client may still send. */
  receiveWindow: number
  /** Bytes that came since `ServerSession.replenish`. */
  held = 0
  /** Bytes before that, of which the client has not been told that it may send as many again. */
  taken = 0
  /** Bytes of body that are still to come; below 0 = nobody knows. */
  bodyLeft: BodyLength = NO_LENGTH
  /** Value of :protocol of an extended CONNECT (RFC 8441); undefined = an ordinary request. */
  protocol: string | undefined = undefined

  constructor(id: number, sendWindow: number, receiveWindow: number) {
    this.id = id
    this.sendWindow = sendWindow
    this.receiveWindow = receiveWindow
  }
}
