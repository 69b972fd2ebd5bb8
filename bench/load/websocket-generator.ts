// WebSocket load (argv: see generator.ts): each connection sends a message, waits for its echo, compares every byte, sends the next.
import { connect, type Socket } from 'node:net'
import { scenarioNamed } from '../scenarios/all.ts'
import { noise } from '../scenarios/noise.ts'
import { wireRequest } from '../scenarios/scenario.ts'
import { type Generator, generate, type Order } from './generator.ts'
import { type LoadResult, percentile } from './result.ts'
import { FrameReader, frame } from './websocket-frames.ts'

class WebSocketGenerator implements Generator {
  readonly #order: Order
  readonly #request: Buffer
  readonly #message: Buffer
  readonly #frame: Buffer
  readonly #sockets: Socket[] = []
  readonly #sentMs = new Map<Socket, number>()
  readonly #latenciesMs: number[] = []
  #running = false
  #bytesRead = 0
  #errors = 0

  constructor(order: Order) {
    const { request, load } = scenarioNamed(order.scenario)
    if (load.kind !== 'websocket') throw new Error(`${order.scenario} is not a scenario of WebSocket messages`)
    this.#order = order
    this.#request = wireRequest(request)
    this.#message = noise(load.messageBytes)
    this.#frame = frame(this.#message, 'client')
  }

  async open(): Promise<void> {
    await Promise.all(Array.from({ length: this.#order.connections }, () => this.#upgrade()))
  }

  async run(): Promise<LoadResult> {
    const beganMs = performance.now()
    this.#running = true
    for (const socket of this.#sockets) this.#send(socket)
    await new Promise(resolve => setTimeout(resolve, this.#order.seconds * 1000))
    this.#running = false
    const seconds = (performance.now() - beganMs) / 1000
    const latencies = Float64Array.from(this.#latenciesMs).sort()
    return {
      requests: latencies.length,
      requestsPerS: latencies.length / seconds,
      p50Ms: percentile(latencies, 0.5),
      p99Ms: percentile(latencies, 0.99),
      p999Ms: percentile(latencies, 0.999),
      errors: this.#errors,
      bytesRead: this.#bytesRead,
      bodiesCompared: true,
    }
  }

  /** Resolves when the connection is a WebSocket. */
  #upgrade(): Promise<void> {
    const socket = connect({ port: this.#order.port, host: '127.0.0.1', noDelay: true })
    return new Promise((resolve, reject) => {
      let head = ''
      const onHead = (chunk: Buffer) => {
        head += chunk.toString('latin1')
        if (!head.includes('\r\n\r\n')) return
        if (!head.startsWith('HTTP/1.1 101 ')) return reject(new Error(`no WebSocket: ${head.split('\r\n')[0]}`))
        socket.off('data', onHead)
        this.#adopt(socket)
        resolve()
      }
      socket.on('data', onHead)
      socket.on('error', reject)
      socket.on('close', () => {
        this.#errors += 1
        reject(new Error('the connection ended'))
      })
      socket.write(this.#request)
    })
  }

  #adopt(socket: Socket): void {
    this.#sockets.push(socket)
    const reader = new FrameReader(message => this.#onMessage(socket, message))
    socket.on('data', chunk => {
      this.#bytesRead += chunk.length
      reader.push(chunk as Buffer)
    })
  }

  #onMessage(socket: Socket, message: Buffer): void {
    if (!message.equals(this.#message)) this.#errors += 1
    else if (this.#running) this.#latenciesMs.push(performance.now() - (this.#sentMs.get(socket) ?? 0))
    if (this.#running) this.#send(socket)
  }

  #send(socket: Socket): void {
    this.#sentMs.set(socket, performance.now())
    socket.write(this.#frame)
  }
}

await generate(order => new WebSocketGenerator(order))
