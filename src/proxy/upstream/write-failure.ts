// A write that fails must not take the answer with it. A server that refuses an upload answers and closes with the rest of it unread:
// its kernel sends a reset after the answer. The answer then lies in the receive buffer of this side and can still be read, but
// the next write fails, and for that Node destroys the socket, whatever is left to read (a stream's `autoDestroy`, which node:net
// forces on its sockets).
//
// So the error is kept from the stream. The two methods that a stream calls to write (documented in node:stream for those who
// implement one) are wrapped, and where one of them fails its callback is not called: the stream waits for that write, keeps all
// later ones behind it (backpressure then stops the client), and reads on until the kernel says that there is no more. Plain
// sockets and TLS sockets are the same in this. For each write it costs a few assignments and one call.

import type { Socket } from 'node:net'

type Written = (error?: Error | null) => void

export class FailableWrites {
  /** Bytes have left since this was last set to false. */
  anyLeft = false
  /** Code of the write that failed; undefined = none has. */
  failure: string | undefined = undefined
  #calling = false

  /**
   * @param onFailed a write has failed; it is told whether any byte can have left since `anyLeft` was set to false, and answers whether
   * the socket stays open to be read, or is destroyed as usual
   */
  constructor(socket: Socket, onFailed: (anyLeft: boolean) => boolean) {
    // A stream writes one piece after the other, so there is one callback at most.
    let tell: Written
    const written: Written = error => {
      if (error) {
        this.failure = codeOf(error)
        // The kernel may have taken a part of a write that fails later; of one that fails at once it took nothing.
        if (onFailed(this.anyLeft || !this.#calling)) return
        this.failure = undefined
      } else this.anyLeft = true
      tell(error)
    }
    const { _write: write, _writev: writev } = socket
    socket._write = (chunk, encoding, callback) => {
      tell = callback
      this.#calling = true
      write.call(socket, chunk, encoding, written)
      this.#calling = false
    }
    socket._writev = (chunks, callback) => {
      tell = callback
      this.#calling = true
      writev!.call(socket, chunks, written)
      this.#calling = false
    }
  }

  /**
   * A reset that a write has met is read as an end of file. EPIPE says that a FIN had come before it, for which the kernel keeps that
   * code; else what was to end with the connection was cut (RFC 9112 8).
   */
  get metReset(): boolean {
    return this.failure !== undefined && this.failure !== 'EPIPE'
  }
}

export function codeOf(error: Error): string {
  return (error as NodeJS.ErrnoException).code ?? error.message
}
