// A stream of a connection (RFC 9113 5.1): what is still open of it, and its windows. Who carries an exchange on it extends it.

import { NO_LENGTH } from '../http/body.ts'

export class Stream {
  readonly id: number
  /** The client has sent all it will. */
  receivedAll = false
  /** Everything has been written that goes to the client. */
  sentAll = false
  /** It is no longer part of its connection: nothing can be sent on it any more. */
  gone = false
  /** Bytes that the client takes; below 0 where it made its windows smaller. */
  sendWindow: number
  /** Bytes of DATA that the client may still send. */
  receiveWindow: number
  /** Bytes that came and that the client has not been told may come again. */
  unreplenished = 0
  /** Bytes of body that are still to come by its Content-Length; below 0 = it has none. */
  bodyLeft = NO_LENGTH
  /** Value of :protocol of an extended CONNECT (RFC 8441); undefined = an ordinary request. */
  protocol: string | undefined = undefined

  constructor(id: number, sendWindow: number, receiveWindow: number) {
    this.id = id
    this.sendWindow = sendWindow
    this.receiveWindow = receiveWindow
  }
}
