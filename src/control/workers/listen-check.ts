// Finds out, before any worker starts, whether the listeners' addresses can be bound, and by how many workers. Workers bind with reusePort, and so would
// quietly share a port with another vigia of the same user: half of the traffic each. A plain bind tells.

import { createServer, type ListenOptions } from 'node:net'
import type { ListenerPlan } from '../../plan/listener.ts'
import type { Snapshot } from '../../plan/snapshot.ts'
import { type InheritedSocket, socketFor, socketInTheWay } from '../../policy/process/inherited-sockets.ts'
import { hostPort } from '../../util/words.ts'
import { CannotServe } from './cannot-serve.ts'
import { portHolder } from './port-holder.ts'

/** Every address that the workers listen on. */
export function listenersOf({ listeners, health }: Snapshot): readonly ListenerPlan[] {
  return health === undefined ? listeners : [...listeners, { name: 'health', ...health }]
}

/** Throws CannotServe for the first address that can't be bound. @param sockets nobody has to bind their addresses */
export async function checkListeners(
  listeners: readonly ListenerPlan[],
  sockets: readonly InheritedSocket[],
): Promise<void> {
  for (const listener of listeners) {
    const { name, host, port } = listener
    if (socketFor(listener, sockets) !== undefined) continue
    const other = socketInTheWay(listener, sockets)
    if (other !== undefined)
      throw new CannotServe(
        `listener ${name}: ${hostPort(host, port)} can't be bound beside ${hostPort(other.host, other.port)}, the socket that vigia was started with; give both the same address (vigia.socket: ListenStream=${hostPort(host, port)})`,
        'EADDRINUSE',
      )
    const error = await tryBind(host, port)
    if (error !== undefined) throw cannotListen(`listener ${name}`, host, port, error)
  }
}

/**
 * How many workers can listen: each binds every port, which only some systems let several sockets do (not macOS, not Windows).
 * @param tryShared binds a port that others may bind too; resolves with what is wrong
 */
export async function workersThatCanListen(wanted: number, tryShared = tryToShare): Promise<number> {
  return wanted > 1 && (await tryShared())?.code === 'ENOTSUP' ? 1 : wanted
}

/** Those whose address none of `held` stands in the way of: only there can a bind tell whether somebody else has it. */
export function notHeldBy(held: readonly ListenerPlan[], listeners: readonly ListenerPlan[]): ListenerPlan[] {
  return listeners.filter(
    ({ host, port }) =>
      !held.some(each => each.port === port && (each.host === host || isWildcard(each.host) || isWildcard(host))),
  )
}

function isWildcard(host: string): boolean {
  return host === '0.0.0.0' || host === '::'
}

/** One line that says what is wrong with the address and what to do. */
export function cannotListen(who: string, host: string, port: number, error: NodeJS.ErrnoException): CannotServe {
  return new CannotServe(`${who}: ${describe(hostPort(host, port), port, error)}`, error.code)
}

function describe(address: string, port: number, error: NodeJS.ErrnoException): string {
  switch (error.code) {
    case 'EADDRINUSE':
      return `${address} is in use by ${holderWords(port)}; stop that one, or choose another address in the configuration`
    case 'EACCES':
      return `no permission to listen on ${address}; ports below 1024 need CAP_NET_BIND_SERVICE , or choose one above 1023`
    case 'EADDRNOTAVAIL':
      return `${address} is not an address of this machine; choose one that is, or 0.0.0.0 for all`
    default:
      return `can't listen on ${address}: ${error.message}`
  }
}

function holderWords(port: number): string {
  const holder = portHolder(port)
  if (holder === undefined) return 'another process'
  return holder.name === 'vigia' ? `another vigia (process ${holder.pid})` : `process ${holder.pid} (${holder.name})`
}

function tryBind(host: string, port: number): Promise<NodeJS.ErrnoException | undefined> {
  return tryListen({ host, port, exclusive: true })
}

function tryToShare(): Promise<NodeJS.ErrnoException | undefined> {
  return tryListen({ host: '127.0.0.1', port: 0, reusePort: true })
}

function tryListen(at: ListenOptions): Promise<NodeJS.ErrnoException | undefined> {
  return new Promise(resolve => {
    const server = createServer()
    server.once('error', resolve)
    server.listen(at, () => server.close(() => resolve(undefined)))
  })
}
