// How many connections one client may have at once, over all listeners and workers; trusted proxies speak for many and may have any
// number. What is too many is closed before a byte of it is read as a request. What one listener may have is listener.ts's business.

import type { Socket } from 'node:net'
import { clientKey } from '../../policy/request/client-key.ts'
import { TOTAL } from '../../shared/counter-cells.ts'
import { SLOT_OF_VIGIA } from '../../shared/upstream-table.ts'
import type { ExchangeContext } from '../exchange/context.ts'
import { type ClientSide, UNKNOWN_PEER } from '../exchange/downstream.ts'
import { type Expiring, Timer, type TimerWheel } from '../runtime/timer-wheel.ts'

/** How long a connection that was turned away may take to end, so that it ends without a reset. */
const FAREWELL_MS = 1000
/** Most of them at once in this worker; the next are destroyed, or turning away would cost more than serving. */
const MOST_FAREWELLS = 256

let farewells = 0

/** Counts the connection for as long as it lasts, or ends it. @returns false where it was turned away */
export function admitConnection(
  socket: Socket,
  { peer, trusted }: ClientSide,
  { active, row, wheel, clients }: ExchangeContext,
): boolean {
  const most = active.snapshot.limits.connectionsPerClient
  // One that is gone already has no address, and takes nothing.
  if (most === undefined || trusted || peer === UNKNOWN_PEER) return true
  const taken = clients.take(clientKey(peer), most)
  if (taken !== undefined) {
    socket.once('close', () => clients.give(taken))
    return true
  }
  row.add(SLOT_OF_VIGIA, TOTAL.clientLimit, 1)
  if (farewells >= MOST_FAREWELLS) socket.destroy()
  else new Farewell(socket, wheel)
  return false
}

/** Sends FIN and throws away what the client has sent: to close with input unread would be a reset. */
class Farewell implements Expiring {
  readonly #socket: Socket

  constructor(socket: Socket, wheel: TimerWheel) {
    this.#socket = socket
    const timer = new Timer(this)
    farewells += 1
    socket.on('error', () => {})
    socket.once('close', () => {
      farewells -= 1
      wheel.drop(timer)
    })
    socket.end()
    socket.resume()
    wheel.arm(timer, FAREWELL_MS)
  }

  onDeadline(): void {
    this.#socket.destroy()
  }
}
