// An upstream whose connections begin with a PROXY header, as nginx with `listen ... proxy_protocol` takes it: the header has to be whole in
// the first read. Keeps what came in that read, and answers each request with the number of its connection.

import { createServer as createHttp, type IncomingMessage } from 'node:http'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import type { ProxyHeader } from '../../src/proxy-protocol/header.ts'
import { ProxyHeaderReader } from '../../src/proxy-protocol/read.ts'

export interface ProxiedConnection {
  readonly header: ProxyHeader
  /** Of the first read, header included. */
  readonly first: Buffer
  readonly paths: string[]
  readonly socket: Socket
  open: boolean
}

export interface ProxiedUpstream {
  readonly port: number
  readonly connections: ProxiedConnection[]
  /** What was no header, first reads. */
  readonly refused: Buffer[]
  close(): Promise<void>
}

export async function startProxiedUpstream(tls?: { key: string; cert: string }): Promise<ProxiedUpstream> {
  const connections: ProxiedConnection[] = []
  const refused: Buffer[] = []
  const bySocket = new Map<Socket, ProxiedConnection>()
  const http = createHttp({ keepAliveTimeout: 0 }, (request: IncomingMessage, response) => {
    const connection = bySocket.get(request.socket)!
    connection.paths.push(request.url!)
    request.resume().on('end', () => response.end(String(connections.indexOf(connection))))
  })
  const server = createServer(socket => {
    socket.on('error', () => {})
    socket.once('data', (first: Buffer) => {
      const reader = new ProxyHeaderReader()
      const header = reader.push(first)
      if (typeof header !== 'object') {
        refused.push(first)
        return void socket.destroy()
      }
      socket.pause()
      if (reader.rest.length > 0) socket.unshift(reader.rest)
      const connection = { header, first, paths: [], socket, open: true }
      connections.push(connection)
      socket.on('close', () => {
        connection.open = false
      })
      const carrier = tls ? new TLSSocket(socket, { isServer: true, ...tls }) : socket
      carrier.on('error', () => {})
      bySocket.set(carrier, connection)
      http.emit('connection', carrier)
      carrier.resume()
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    connections,
    refused,
    close() {
      for (const { socket } of connections) socket.destroy()
      return new Promise(resolve => server.close(() => resolve()))
    },
  }
}
