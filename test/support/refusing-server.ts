// A server that refuses an upload as many real ones do (gunicorn, uWSGI, tornado, unicorn): it answers from the head alone and closes
// with the body unread, so that its kernel sends a reset after the answer.

import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer, type TlsOptions } from 'node:tls'

export class RefusingServer {
  readonly port: number
  /** Heads that came. */
  heads = 0
  readonly #server: Server
  readonly #open = new Set<Socket>()

  private constructor(server: Server) {
    this.#server = server
    this.port = (server.address() as AddressInfo).port
  }

  /** @param answer its bytes; none = it only closes */
  static async start(answer: string, tls?: TlsOptions): Promise<RefusingServer> {
    const server = tls ? createTlsServer(tls) : createServer()
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    const started = new RefusingServer(server)
    server.on(tls ? 'secureConnection' : 'connection', (socket: Socket) => started.#serve(socket, answer))
    return started
  }

  close(): Promise<void> {
    for (const socket of this.#open) socket.destroy()
    return new Promise(resolve => this.#server.close(() => resolve()))
  }

  #serve(socket: Socket, answer: string): void {
    this.#open.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => this.#open.delete(socket))
    let text = ''
    const onData = (chunk: Buffer) => {
      text += chunk.toString('latin1')
      if (!text.includes('\r\n\r\n')) return
      this.heads += 1
      socket.off('data', onData)
      socket.pause()
      // Not until there is something unread: else the end would be a FIN.
      const close = () => setTimeout(() => socket.destroy(), 2)
      if (answer === '') close()
      else socket.write(answer, 'latin1', close)
    }
    socket.on('data', onData)
  }
}
