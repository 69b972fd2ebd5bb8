// The connections of the admin listener, each with what it has shown so far. Who has to go when there are too many is
// policy/process/listener-places.ts's decision. A TCP connection costs its sender nothing, and this listener answers who asks whether vigia lives.

import { Server } from 'node:https'
import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { type ListenerPlace, type PlaceLimits, placeFor } from '../../policy/process/listener-places.ts'
import { clientKey } from '../../policy/request/client-key.ts'
import { isLoopback } from '../../util/address-ranges.ts'
import type { AdminAccess } from './admin-access.ts'

export const PLACES: PlaceLimits = { most: 256, reserved: 64, perClient: 32 }

/** Most requests that one read from a socket may hold. */
const MOST_AT_ONCE = 32
/** In every request line (RFC 9112 2.3). */
const VERSION = 'HTTP/1.'

class Connection implements ListenerPlace {
  readonly socket: Socket
  readonly key: string
  readonly local: boolean
  readonly #access: AdminAccess
  known = false
  requests = 0

  constructor(socket: Socket, address: string, access: AdminAccess) {
    this.socket = socket
    this.key = clientKey(address)
    this.local = isLoopback(address)
    this.#access = access
  }

  get busy(): boolean {
    return this.requests > 0 && (this.known || this.#access.isOpen)
  }
}

/** To be called before guardAccess: what that refuses is a request all the same. @param onFull a connection was closed, or refused, for want of places */
export function guardConnections(app: FastifyInstance, access: AdminAccess, onFull: (address: string) => void): void {
  const isSecure = app.server instanceof Server
  const connections = new Map<Socket, Connection>()
  /** By what TLS has decrypted: requests come on that, and the place is that of the connection below. */
  const secured = new WeakMap<Socket, Connection>()
  const connectionOf = (socket: Socket) => connections.get(socket) ?? secured.get(socket)
  // A backstop: those that are being closed still count for Node.
  app.server.maxConnections = 2 * PLACES.most
  app.server.on('connection', (socket: Socket) => {
    const address = socket.remoteAddress
    if (address === undefined) return void socket.destroy()
    const newcomer = new Connection(socket, address, access)
    const verdict = placeFor(newcomer, [...connections.values()], PLACES)
    const leaving = verdict.letIn ? verdict.inPlaceOf : newcomer
    if (leaving !== undefined) {
      onFull(address)
      connections.delete(leaving.socket)
      leaving.socket.destroy()
    }
    if (!verdict.letIn) return
    connections.set(socket, newcomer)
    socket.once('close', () => connections.delete(socket))
    if (!isSecure) refuseManyAtOnce(socket)
  })
  app.server.on('secureConnection', (socket: Socket) => {
    const { remoteAddress, remotePort } = socket
    const below = [...connections.values()].find(
      each => each.socket.remotePort === remotePort && each.socket.remoteAddress === remoteAddress,
    )
    if (below === undefined) return void socket.destroy()
    secured.set(socket, below)
    refuseManyAtOnce(socket)
  })
  app.addHook('onRequest', async ({ raw }) => {
    const connection = connectionOf(raw.socket)
    if (connection !== undefined) connection.requests += 1
  })
  // Reached by who was let in, before the body is read.
  app.addHook('preParsing', async ({ principal, raw }) => {
    const connection = connectionOf(raw.socket)
    if (connection !== undefined && principal !== undefined) connection.known = true
  })
  app.addHook('onResponse', async ({ raw }) => {
    const connection = connectionOf(raw.socket)
    if (connection !== undefined) connection.requests -= 1
  })
}

/**
 * Nobody who asks an admin listener has a reason to pipeline, and 64 KiB hold over a thousand requests: Node begins all of them before anything else
 * has its turn, and a hundred such connections kept control from its probes for 10 s. So they are looked for before Node's parser runs.
 */
function refuseManyAtOnce(socket: Socket): void {
  socket.prependListener('data', (chunk: Buffer) => {
    if (!holdsMany(chunk)) return
    socket.destroy()
    // The parser comes next all the same, and stops at the first of these.
    chunk.fill(0)
  })
}

function holdsMany(chunk: Buffer): boolean {
  let found = 0
  for (let at = chunk.indexOf(VERSION); at >= 0; at = chunk.indexOf(VERSION, at + VERSION.length)) {
    found += 1
    if (found > MOST_AT_ONCE) return true
  }
  return false
}
