// Live channels of the sample ERP: Server-Sent Events on /events and a WebSocket on /websocket. New orders go to all clients of both.

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { WebSocketServer } from 'ws'
import type { Order } from './database.ts'

const WEBSOCKET_PATH = '/websocket'
const MESSAGE_BYTES = 64 * 1024
const HEARTBEAT_MS = 15_000

export class LiveClients {
  readonly #node: string
  readonly #streams = new Set<ServerResponse>()
  readonly #sockets: WebSocketServer
  readonly #heartbeat: NodeJS.Timeout

  constructor(node: string) {
    this.#node = node
    this.#sockets = new WebSocketServer({ noServer: true, maxPayload: MESSAGE_BYTES })
    this.#sockets.on('headers', headers => headers.push(`X-Erp-Node: ${node}`))
    this.#heartbeat = setInterval(() => this.#write(': still here\n\n'), HEARTBEAT_MS).unref()
  }

  /** Turns a response into a stream of events that lasts until the client leaves. */
  stream(response: ServerResponse): void {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
    response.write(`event: hello\ndata: ${JSON.stringify({ node: this.#node })}\n\n`)
    this.#streams.add(response)
    response.once('close', () => this.#streams.delete(response))
  }

  /** Accepts a WebSocket, which gets a greeting and an echo of what it sends; refuses every other upgrade. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const path = request.url?.split('?', 1)[0]
    if (path !== WEBSOCKET_PATH || request.headers.upgrade?.toLowerCase() !== 'websocket') {
      socket.on('error', () => socket.destroy())
      socket.end(
        `HTTP/1.1 404 Not Found\r\nX-Erp-Node: ${this.#node}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`,
      )
      return
    }
    this.#sockets.handleUpgrade(request, socket, head, client => {
      client.on('error', () => client.terminate())
      client.on('message', (data, isBinary) => client.send(data, { binary: isBinary }))
      client.send(JSON.stringify({ event: 'hello', node: this.#node }))
    })
  }

  announce(order: Order): void {
    this.#write(`id: ${order.id}\nevent: order\ndata: ${JSON.stringify(order)}\n\n`)
    const message = JSON.stringify({ event: 'order', order })
    for (const client of this.#sockets.clients) client.send(message)
  }

  close(): void {
    clearInterval(this.#heartbeat)
    for (const response of this.#streams) response.end()
    for (const client of this.#sockets.clients) client.close(1001, 'this node stops')
  }

  #write(event: string): void {
    for (const response of this.#streams) response.write(event)
  }
}
