// Asks an upstream for what a client has just been given stale, with nobody to wait for the answer (RFC 5861 3).

import type { TunnelEnd } from '../../runtime/tunnel-end.ts'
import type { ExchangeContext } from '../context.ts'
import type { ClientSide, Downstream } from '../downstream.ts'
import type { Placement } from '../placement.ts'
import { ExchangeRecord } from '../record.ts'
import { CacheTurn } from './cache-turn.ts'
import { CachedExchange } from './cached-exchange.ts'

/** At once, in each worker. */
const MOST_REFRESHES = 64
let refreshes = 0

/** @param record of the request for which it is asked: the upstream gets the same fields */
export function refresh(
  context: ExchangeContext,
  down: Downstream,
  record: ExchangeRecord,
  placement: Placement,
  turn: CacheTurn,
): void {
  const { landings } = turn.cache
  if (refreshes >= MOST_REFRESHES || !landings.lead(turn.flightKey)) return
  const { pool, route } = placement
  const own = new RefreshRecord(
    context.nextRequestId(),
    { ...record.head, method: 'GET' },
    record.forwarded,
    down.client,
  )
  own.path = record.path
  own.placement = placement
  const nobody = new Nobody(down.client)
  const ownTurn = new CacheTurn(context, nobody, own, placement)
  const breaker = pool.breaker(route)
  // Another worker may just have stored it.
  if (ownTurn.use === 'fresh' || breaker?.enter() === false) return landings.land(turn.flightKey, 'again')
  refreshes += 1
  const exchange = new CachedExchange(context, nobody, own, placement, breaker, ownTurn, undefined)
  exchange.lead()
  exchange.onTurn()
}

/** It is no client's request: the log says nothing of it, and it counts only as an attempt on its upstream. */
class RefreshRecord extends ExchangeRecord {
  override finish(): void {
    refreshes -= 1
  }
}

/** A client that takes everything. */
class Nobody implements Downstream {
  readonly client: ClientSide
  readonly logins = undefined
  readonly webSocketAccept = undefined
  readonly bytesWaiting = 0
  readonly holdsBuffers = false

  constructor(client: ClientSide) {
    this.client = client
  }

  flush(): boolean {
    return true
  }

  interim(): void {}
  endAfterResponse(): void {}
  head(): void {}
  body(): void {}
  end(): void {}
  finished(): void {}
  abandon(): void {}
  cut(): void {}
  requireHttp1(): void {}
  pauseBody(): void {}
  resumeBody(): void {}

  upgrade(): TunnelEnd {
    throw new Error('what is stored is never an upgrade')
  }
}
