// What would happen to a request: the steps of exchange/arrival.ts, in their order and by the same functions, with nothing counted, taken
// or sent. test/integration/admin/route.test.ts holds both against each other.

import { isLoop } from '../../http/cdn-loop.ts'
import type { RequestHead } from '../../http/heads.ts'
import { reasonFor } from '../../policy/hold/may-hold.ts'
import { clientKey } from '../../policy/request/client-key.ts'
import { isLastHop } from '../../policy/request/method-class.ts'
import { httpsLocation, isRedirected } from '../../policy/request/paths/https-redirect.ts'
import { normalisePath } from '../../policy/request/routing.ts'
import type {
  ExplainedAnswer,
  ExplainedReadings,
  ExplainedRoute,
  RouteExplanation,
  RouteQuestion,
} from '../../shared/explain/route-explanation.ts'
import { processNowMs } from '../../shared/process-clock.ts'
import type { Refusal } from '../../util/refusal.ts'
import { hostPort } from '../../util/words.ts'
import { type AnswerCode, statusOf } from '../answers/codes.ts'
import { gatheringOf } from '../exchange/arrival.ts'
import { whyBypassed } from '../exchange/cached/admit-cached.ts'
import { CacheTurn } from '../exchange/cached/cache-turn.ts'
import type { ClientSide } from '../exchange/downstream.ts'
import { mayBeHeld } from '../exchange/holding/admit-held.ts'
import { type Placement, placementOf } from '../exchange/placement.ts'
import { type Protection, protect } from '../exchange/protection/protect.ts'
import { ExchangeRecord } from '../exchange/record.ts'
import { forwardedRequest } from '../exchange/request-fields.ts'
import { type ExplainContext, uncounted } from './admission-check.ts'
import { type AskedRequest, askedRequest, isFault } from './asked-request.ts'
import { changedFields } from './changed-fields.ts'
import { explainPool } from './outlook.ts'
import { mismatchesOf } from './passed-over.ts'
import { explainRepetition } from './repetition.ts'

const MOST_ROUTES = 50
const MOST_READINGS = 20

export function explainRoute(
  context: ExplainContext,
  question: RouteQuestion,
): (RouteExplanation & { readonly ok: true }) | Refusal {
  const { active } = context
  const asked = askedRequest(question, active.snapshot)
  if (!asked.ok) return asked
  const { head, listener, scheme, from } = asked
  const trusted = active.isTrusted(from)
  if (isFault(head)) return early(asked, trusted, undefined, from, answered(head))
  const side: ClientSide = {
    peer: from,
    trusted,
    scheme,
    http2: false,
    listener,
    tls: listener.tls && { serverName: head.hostName, alpn: undefined, certificate: undefined },
    refused: undefined,
  }
  const forwarded = forwardedRequest(head, side, active.snapshot.headers.via, address => active.isTrusted(address))
  const path = normalisePath(head.target)
  const at = (answer: ExplainedAnswer) => early(asked, trusted, path, forwarded.clientAddress, answer)
  if (path === undefined) return at(answered('bad-target'))
  const isRead = head.method === 'GET' || head.method === 'HEAD'
  if (isRead && context.challengeAnswers?.has(path)) return at(told(200, 'acme-challenge'))
  if (listener.redirectPort !== undefined && forwarded.scheme === 'http' && isRedirected(path)) {
    if (head.hostName === '') return at(answered('bad-host'))
    return at({ ...told(308, 'redirect'), location: httpsLocation(head, listener.redirectPort) })
  }
  const placement = placementOf(active, side, head, path, forwarded.clientAddress)
  if (placement === undefined) return { ...at(answered('no-route')), ...passedOver(context, head, listener.name, path) }
  const record = new ExchangeRecord('', head, forwarded, side)
  record.path = path
  record.placement = placement
  const answer = answerTo(context, record, placement)
  return {
    ...early(asked, trusted, path, forwarded.clientAddress, answer),
    ...passedOver(context, head, listener.name, path, active.snapshot.routes.indexOf(placement.route)),
    route: explainPlacement(context, record, placement),
    pool: explainPool(context, placement),
  }
}

/** It does not come to a route. */
function early(
  { method, target, host, listener, listenerIsMeant, scheme }: AskedRequest,
  isTrusted: boolean,
  path: string | undefined,
  client: string,
  answer: ExplainedAnswer | undefined,
): RouteExplanation & { readonly ok: true } {
  return {
    ok: true,
    request: {
      method,
      target,
      host,
      path,
      listener: listener.name,
      listenerAddress: hostPort(listener.host, listener.port),
      listenerIsMeant,
      scheme,
      client,
      isTrusted,
    },
    answer,
    passedOver: [],
    passedOverMore: 0,
    route: undefined,
    pool: undefined,
  }
}

/** @param until index of the route that serves it; undefined = none does */
function passedOver(
  { active: { snapshot } }: ExplainContext,
  { hostName, method }: RequestHead,
  listener: string,
  path: string,
  until = snapshot.routes.length,
): Pick<RouteExplanation, 'passedOver' | 'passedOverMore'> {
  const before = snapshot.routes.slice(0, Math.min(until, MOST_ROUTES))
  return {
    passedOver: before.map(({ name, match }) => ({
      route: name,
      because: mismatchesOf(match, listener, hostName, path, method),
    })),
    passedOverMore: until - before.length,
  }
}

/** What vigia itself would answer; undefined = it goes on to an upstream. Notes in the record which window answers. */
function answerTo(context: ExplainContext, record: ExchangeRecord, placement: Placement): ExplainedAnswer | undefined {
  const { head, forwarded } = record
  const { route, pool, compression, edits } = placement
  if (forwarded.passed !== undefined && isLoop(forwarded.passed, pool.loopMark)) return answered('loop-detected')
  const protection = protect(uncounted(context), record, placement)
  if (compression) record.negotiate(compression)
  if (edits) record.forwarded = edits.forwarded(record)
  if (protection !== undefined) return heldAnswer(protection, record, placement) ?? protectionAnswer(protection)
  if (isLastHop(head.method, head.meaning.maxForwards)) return told(200, 'last-hop')
  if (head.meaning.length > route.bodyBytes) return answered('body-too-large')
  if (pool.outlook(placement.stickiness).situation !== 'none') return undefined
  const code = 'no-upstream-available'
  return heldAnswer({ code }, record, placement) ?? { ...answered(code), retryAfterS: pool.plan.retryAfterS }
}

/** Undefined = it is not held for this. */
function heldAnswer({ code }: { code: AnswerCode }, record: ExchangeRecord, placement: Placement) {
  const { hold } = placement.route
  if (hold === undefined || !mayBeHeld(hold, record, placement)) return undefined
  const reason = reasonFor(hold, code, record.closedRoute?.paused === true)
  return reason && told(hold.answer.status, 'held')
}

function protectionAnswer({ code, retryAfterS }: Protection): ExplainedAnswer {
  return { ...answered(code), retryAfterS }
}

function explainPlacement(context: ExplainContext, record: ExchangeRecord, placement: Placement): ExplainedRoute {
  const { route, pool } = placement
  const { head, client, closedRoute } = record
  const { access, rateLimit, compress } = route
  const closed = closedRoute === undefined ? context.closedRoutes?.get(route.name)?.closedRoute : undefined
  return {
    name: route.name,
    forbidden: forbiddenBy(context, record, placement),
    readings: readingsOf(context, record, placement),
    access: access && {
      allow: access.allow.length,
      deny: access.deny.length,
      denyPaths: access.denyPaths,
      clientCertificate: access.clientCertificate !== undefined,
    },
    rateLimit: rateLimit && {
      ...rateLimit,
      waitMs: context.rates.waitMs(route.name, clientKey(client), processNowMs(), rateLimit),
    },
    window: closedRoute && { name: closedRoute.window, reason: closedRoute.reason, untilMs: closedRoute.untilMs },
    passesWindow: closed?.window,
    bodyBytes: route.bodyBytes,
    gathersBody: gatheringOf(record, placement) !== undefined,
    timeouts: route.timeouts,
    longPoll: route.longPoll === true,
    queuePriority: route.queuePriority ?? 0,
    hold: route.hold && {
      mayBeHeld: mayBeHeld(route.hold, record, placement),
      during: route.hold.during,
      order: route.hold.order,
    },
    cache: route.cache && {
      bypassed: whyBypassed(record),
      stored: new CacheTurn(context, { client: record.side }, record, placement).use,
    },
    compression: compress && {
      coding: record.negotiation?.wish.coding,
      types: compress.types,
      minBytes: compress.minBytes,
    },
    repetition: explainRepetition(head, route, pool.plan),
    fields: changedFields(head, record.forwarded),
  }
}

/** By which rules `protect` refuses it: those of its own route first. */
function forbiddenBy(
  context: ExplainContext,
  record: ExchangeRecord,
  { route }: Placement,
): ExplainedRoute['forbidden'] {
  const { head, side, path, client } = record
  const { admissions, otherRoutes } = uncounted(context).active
  const others = otherRoutes[route.pool]!
  const found = others.mayDiffer(head) ? others.of(head, side, route) : undefined
  for (const each of [route, ...(found?.routes ?? []), ...(found?.withoutPrefix ?? [])]) {
    const rules = admissions.get(each)
    if (rules?.deniesPath(path, found?.paths ?? [])) return { route: each.name, by: 'path' }
    const isBare = found?.withoutPrefix.includes(each) === true
    if (isBare || !rules?.forbids(record, found?.paths)) continue
    return { route: each.name, by: rules.forbidsAddress(client) ? 'address' : 'certificate' }
  }
  return undefined
}

function readingsOf(
  { active: { otherRoutes } }: ExplainContext,
  { head, side }: ExchangeRecord,
  { route }: Placement,
): ExplainedReadings | undefined {
  const others = otherRoutes[route.pool]!
  if (!others.mayDiffer(head)) return undefined
  const found = others.of(head, side, route)
  if (found === undefined) return { tooMany: true, paths: [], routes: [] }
  const routes = [...found.routes, ...found.withoutPrefix].map(({ name }) => name)
  return { tooMany: false, paths: found.paths.slice(0, MOST_READINGS), routes }
}

function answered(code: AnswerCode): ExplainedAnswer {
  return told(statusOf(code), code)
}

function told(status: number, code: string): ExplainedAnswer {
  return { status, code, location: undefined, retryAfterS: undefined }
}
