// An upstream of the soak test: a node:http server that behaves as each request's query tells it, well or badly, and counts how
// often it has seen each token. It is strict about what reaches it: a request that node:http refuses is a fault of vigia.

import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'

/** How an upstream answers; `cut-*`, `reset`, `fin` and `garbage` are faults that vigia must not hide. */
export const BEHAVIOURS = [
  ...['length', 'chunked', 'close', 'interim', 'empty', 'not-modified', 'trailers'],
  ...['cut-length', 'cut-chunked', 'cut-close', 'reset', 'fin', 'garbage', 'surplus', 'early'],
] as const
export type Behaviour = (typeof BEHAVIOURS)[number]

/** The body that belongs to `token`: so a byte of another answer, or a missing one, shows. */
export function bodyOf(token: string, bytes: number): Buffer {
  return Buffer.alloc(bytes, `${token}/`, 'latin1')
}

export function digestOf(bytes: Buffer): string {
  return createHash('sha1').update(bytes).digest('hex')
}

export interface RandomUpstream {
  readonly port: number
  /** How often each token has arrived. */
  readonly seen: Map<string, number>
  /** Requests that were not HTTP in node:http's eyes; those that were cut off are not counted. */
  readonly refused: string[]
  close(): Promise<void>
}

export async function startRandomUpstream(): Promise<RandomUpstream> {
  const seen = new Map<string, number>()
  const refused: string[] = []
  const sockets = new Set<Socket>()
  const server = createServer({ keepAliveTimeout: 0, requestTimeout: 0, headersTimeout: 0 }, (request, response) => {
    void answer(request, response, seen).catch(() => request.socket.destroy())
  })
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
  })
  server.on('checkContinue', (request, response: ServerResponse) => {
    if (request.headers['x-continue'] === 'yes') response.writeContinue()
    void answer(request, response, seen).catch(() => request.socket.destroy())
  })
  server.on('upgrade', (request, socket) => {
    const token = request.headers['x-token']
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\nX-Token: ${token}\r\n\r\nhello ${token}\n`,
    )
    socket.pipe(socket)
  })
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    // Other errors are of the socket: a request that its client broke off is broken off here too.
    if (error.code?.startsWith('HPE_') && error.code !== 'HPE_INVALID_EOF_STATE')
      refused.push(`${error.code} ${error.message}`)
    socket.destroy()
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    seen,
    refused,
    close: () => {
      for (const socket of sockets) socket.destroy()
      return new Promise(resolve => server.close(() => resolve()))
    },
  }
}

async function answer(request: IncomingMessage, response: ServerResponse, seen: Map<string, number>): Promise<void> {
  const query = new URL(request.url ?? '/', 'http://soak').searchParams
  const token = query.get('token') ?? ''
  const behaviour = query.get('as') as Behaviour
  const body = bodyOf(token, Number(query.get('bytes')))
  const { socket } = request
  response.on('error', () => {})
  seen.set(token, (seen.get(token) ?? 0) + 1)
  response.setHeader('X-Token', token)
  if (behaviour === 'early') {
    response.setHeader('Content-Length', body.length)
    response.end(body)
    return
  }
  const pieces: Buffer[] = []
  for await (const piece of request) pieces.push(piece as Buffer)
  response.setHeader('X-Digest', digestOf(Buffer.concat(pieces)))
  await pause(Number(query.get('delay')))
  const half = body.subarray(0, body.length >> 1)
  switch (behaviour) {
    case 'interim':
      response.writeEarlyHints({ link: `</${token}>; rel=preload` })
      response.setHeader('Content-Length', body.length)
      return void response.end(body)
    case 'empty':
      return void response.writeHead(204).end()
    case 'not-modified':
      return void response.writeHead(304).end()
    case 'chunked':
    case 'trailers':
      if (behaviour === 'trailers') response.addTrailers({ 'X-Last': token })
      response.write(half)
      await pause(Number(query.get('delay')))
      return void response.end(body.subarray(half.length))
    case 'close':
    case 'cut-close':
      response.useChunkedEncodingByDefault = false
      response.shouldKeepAlive = false
      response.removeHeader('Transfer-Encoding')
      if (behaviour === 'close') return void response.end(body)
      response.write(half)
      await pause(3)
      return void socket.resetAndDestroy()
    case 'cut-length':
      response.setHeader('Content-Length', body.length + 1)
      response.write(half)
      await pause(3)
      return void (query.has('hard') ? socket.resetAndDestroy() : socket.destroy())
    case 'cut-chunked':
      response.write(half)
      await pause(3)
      return void (query.has('hard') ? socket.resetAndDestroy() : socket.destroy())
    case 'reset':
      return void socket.resetAndDestroy()
    case 'fin':
      return void socket.destroy()
    case 'garbage':
      return void socket.write('HTTP/1.1 200 OK\nContent-Length: 3\n\nbad')
    case 'surplus':
      socket.write(
        `HTTP/1.1 200 OK\r\nX-Token: ${token}\r\nContent-Length: 0\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison`,
      )
      return
    default:
      response.setHeader('Content-Length', body.length)
      response.end(body)
  }
}

function pause(ms: number): Promise<void> {
  return ms > 0 ? new Promise(resolve => setTimeout(resolve, ms)) : Promise.resolve()
}
