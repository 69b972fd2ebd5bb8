// What the cache of a route makes of a request, before any upstream is chosen: it answers, it lets it pass, or it fetches what it has not. All
// that protects the route has had its say by then.

import { CHUNKED } from '../../../http/body.ts'
import type { AnswerCode } from '../../answers/codes.ts'
import type { ExchangeContext } from '../context.ts'
import type { Downstream } from '../downstream.ts'
import type { Exchange } from '../exchange.ts'
import type { Placement } from '../placement.ts'
import type { Protection } from '../protection/protect.ts'
import type { ExchangeRecord } from '../record.ts'
import { CacheTurn } from './cache-turn.ts'
import { CachedExchange } from './cached-exchange.ts'
import { refresh } from './refresh.ts'
import type { StoredReply } from './stored-reply.ts'

/** `pass`: as on a route without a cache. */
type Admitted = Exchange | StoredReply | AnswerCode | 'pass'
/** One that is too large for one piece, or may be compressed, is given by an exchange. */
type Give = (reply: StoredReply) => Exchange | StoredReply

/** @param protection what keeps it from its route, if anything does */
export function admitCached(
  context: ExchangeContext,
  down: Downstream,
  record: ExchangeRecord,
  placement: Placement,
  protection: Protection | undefined,
): Admitted {
  if (protection !== undefined && protection.code !== 'maintenance') return 'pass'
  record.cache = 'bypass'
  // What comes on a connection that is a login is its user's.
  if (down.logins !== undefined || whyBypassed(record) !== undefined) return 'pass'
  const turn = new CacheTurn(context, down, record, placement)
  // To what a client claims of itself, where its route keeps that, an upstream may answer with something else.
  if (turn.asked.wants.isBypassed || record.forwarded.claimed !== undefined) return 'pass'
  const give = (reply: StoredReply) =>
    reply.isSmall && record.negotiation === undefined
      ? reply
      : new CachedExchange(context, down, record, placement, undefined, turn, reply)
  if (protection !== undefined) return turn.isOnePath ? inWindow(record, turn, give) : 'pass'
  const reply = fromStore(context, down, record, placement, turn)
  return reply ? give(reply) : fetch(context, down, record, placement, turn, give)
}

/** What of a request keeps it from any cache; undefined = nothing does, but what it says to caches is not looked at. */
export function whyBypassed({ head, forwarded }: Pick<ExchangeRecord, 'head' | 'forwarded'>): string | undefined {
  const { method, meaning, host } = head
  if (method !== 'GET' && method !== 'HEAD') return `only GET and HEAD are answered from it`
  if (meaning.length > 0 || meaning.length === CHUNKED) return 'it has a body'
  if (meaning.login) return 'it brings a login of its connection'
  if (host === undefined) return 'it names no host'
  return forwarded.upgrade === undefined ? undefined : 'it asks for another protocol'
}

/** A window answers the others; what needs no upstream loads all the same. */
function inWindow(record: ExchangeRecord, turn: CacheTurn, give: Give): Admitted {
  const reply = turn.canStandIn ? (turn.use === 'fresh' ? turn.fresh() : turn.stale('stale-if-error')) : undefined
  if (reply === undefined) return 'pass'
  record.closedRoute = undefined
  return give(reply)
}

function fromStore(
  context: ExchangeContext,
  down: Downstream,
  record: ExchangeRecord,
  placement: Placement,
  turn: CacheTurn,
): StoredReply | undefined {
  let reply: StoredReply | undefined
  const { use } = turn
  if (use === 'fresh') reply = turn.fresh()
  else if (use === 'while-validated') {
    reply = turn.stale('while-validated')
    if (reply !== undefined) refresh(context, down, record, placement, turn)
  } else if (turn.hasJustFailed && turn.canStandIn) reply = turn.stale('stale-if-error')
  return reply
}

function fetch(
  context: ExchangeContext,
  down: Downstream,
  record: ExchangeRecord,
  placement: Placement,
  turn: CacheTurn,
  give: Give,
): Admitted {
  const { wants } = turn.asked
  record.cache = 'miss'
  if (wants.onlyIfCached) return 'not-cached'
  const isPart = wants.range !== undefined || wants.ifNoneMatch !== undefined || wants.ifModifiedSince !== undefined
  // A part, or a `not modified`, is nothing for others: without something stored to compare with, it is its upstream's business.
  const isOwn = turn.isHead || (turn.stored === undefined && isPart)
  if (isOwn && !turn.canStandIn) return 'pass'
  const breaker = placement.pool.breaker(placement.route)
  if (breaker?.enter() === false) {
    const reply = turn.canStandIn ? turn.stale('stale-if-error') : undefined
    return reply ? give(reply) : 'overloaded'
  }
  return new CachedExchange(context, down, record, placement, breaker, turn, undefined)
}
