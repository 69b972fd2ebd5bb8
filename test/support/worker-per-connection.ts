// A server with one worker for each connection, as gunicorn sync, uWSGI, Apache prefork and Starman are: it serves so many connections at
// once, idle ones too. The others are connected, as far as the kernel goes, and wait unread until one of these is closed.

import { createServer as createHttpServer } from 'node:http'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'

export class WorkerPerConnection {
  /** Targets in the order in which they were read. */
  readonly targets: string[] = []
  readonly #workers: number
  readonly #server: Server
  readonly #http = createHttpServer({ keepAliveTimeout: 0 }, (request, response) => {
    this.targets.push(request.url!)
    request.resume().on('end', () => response.end('done'))
  })
  readonly #serving = new Set<Socket>()
  readonly #waiting = new Set<Socket>()

  private constructor(workers: number) {
    this.#workers = workers
    this.#server = createServer({ pauseOnConnect: true }, socket => {
      socket.on('error', () => {})
      socket.on('close', () => this.#left(socket))
      this.#waiting.add(socket)
      this.#serve()
    })
  }

  static async start(workers: number): Promise<WorkerPerConnection> {
    const server = new WorkerPerConnection(workers)
    await new Promise<void>(resolve => server.#server.listen(0, '127.0.0.1', resolve))
    return server
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** Connections that a worker has. */
  get serving(): number {
    return this.#serving.size
  }

  async close(): Promise<void> {
    for (const socket of [...this.#waiting, ...this.#serving]) socket.destroy()
    await new Promise(resolve => this.#server.close(resolve))
  }

  #serve(): void {
    const [next] = this.#waiting
    if (next === undefined || this.#serving.size >= this.#workers) return
    this.#waiting.delete(next)
    this.#serving.add(next)
    this.#http.emit('connection', next)
    next.resume()
  }

  #left(socket: Socket): void {
    this.#waiting.delete(socket)
    this.#serving.delete(socket)
    this.#serve()
  }
}
