// Step 1 of a request's life: its route and pool, or why it gets no further. Of what is refused here nothing has gone to an upstream: it
// is answered, counted and logged without an exchange.

import { CHUNKED } from '../../http/body.ts'
import { isLoop } from '../../http/cdn-loop.ts'
import type { ForwardedRequest } from '../../http/forwarded-request.ts'
import type { RequestHead } from '../../http/heads.ts'
import type { BodyBufferPlan, BufferMode } from '../../plan/buffering.ts'
import { buffersRequest } from '../../policy/request/buffering/verdict.ts'
import { isLastHop } from '../../policy/request/method-class.ts'
import { httpsLocation, isRedirected } from '../../policy/request/paths/https-redirect.ts'
import { normalisePath } from '../../policy/request/routing.ts'
import type { Answer } from '../answers/answers.ts'
import type { AnswerCode } from '../answers/codes.ts'
import { HELD_PATH } from '../answers/held-answers.ts'
import { lastHopAnswer } from '../answers/last-hop-answer.ts'
import { redirectAnswer } from '../answers/redirect-answer.ts'
import type { Pool } from '../pool/pool.ts'
import { admitCached } from './cached/admit-cached.ts'
import { StoredReply } from './cached/stored-reply.ts'
import type { ClientEvents } from './client-events.ts'
import type { ExchangeContext } from './context.ts'
import type { Downstream } from './downstream.ts'
import { Exchange } from './exchange.ts'
import { GatheringExchange } from './gathering/gathering-exchange.ts'
import { admitHeld } from './holding/admit-held.ts'
import { LookUp, lookUp } from './holding/look-up.ts'
import { type Placement, placementOf } from './placement.ts'
import { type Protection, protect } from './protection/protect.ts'
import { ExchangeRecord } from './record.ts'
import { sendAnswer, sendWhole } from './send-answer.ts'

/** Why a request is answered by vigia itself. */
interface Rejection {
  readonly code: AnswerCode
  readonly retryAfterS: number | undefined
}

/** An Answer: it is a CA that asks, or vigia that is asked, or it is to come again over TLS. `needs-http1`: it brings a login of a connection, and HTTP/2 has none for it alone. */
type Arrived = Exchange | LookUp | StoredReply | Rejection | Answer | 'needs-http1'

const BAD_TARGET = reject('bad-target')
const BAD_HOST = reject('bad-host')
const NO_ROUTE = reject('no-route')
const BODY_TOO_LARGE = reject('body-too-large')
const OVERLOADED = reject('overloaded')
const LOOP = reject('loop-detected')
const INTERNAL_ERROR = reject('internal-error')

/** @returns the exchange, which waits for what came with the head; undefined = the request was answered */
export function arrive(
  context: ExchangeContext,
  down: Downstream,
  head: RequestHead,
  forwarded: ForwardedRequest,
): ClientEvents | undefined {
  const record = new ExchangeRecord(forwarded.requestId ?? context.nextRequestId(), head, forwarded, down.client)
  let arrived: Arrived
  try {
    arrived = admit(context, down, record)
  } catch (error) {
    context.unexpected(error, record.requestId)
    arrived = INTERNAL_ERROR
  }
  if (arrived instanceof Exchange || arrived instanceof LookUp) return arrived
  if (arrived === 'needs-http1') {
    record.finish(context, undefined, 0, 'needs HTTP/1.1')
    down.requireHttp1()
  } else answer(context, down, record, arrived)
  return undefined
}

/** Notes in the record how far it came. */
function admit(context: ExchangeContext, down: Downstream, record: ExchangeRecord): Arrived {
  const { active } = context
  const { head, client, side } = record
  if (side.refused !== undefined) {
    down.endAfterResponse('refused')
    return reject(side.refused)
  }
  const path = normalisePath(head.target)
  if (path === undefined) return BAD_TARGET
  record.path = path
  const challenge = context.challengeAnswers?.get(path)
  if (challenge !== undefined && isGetOrHead(head.method)) return challenge
  const { redirectPort } = side.listener
  if (redirectPort !== undefined && record.forwarded.scheme === 'http' && isRedirected(path))
    return head.hostName === '' ? BAD_HOST : redirectAnswer(httpsLocation(head, redirectPort))
  if (active.holds && path.startsWith(HELD_PATH)) return lookUp(context, down, record)
  const placement = placementOf(active, side, head, path, client)
  if (!placement) return NO_ROUTE
  record.placement = placement
  const { route, pool } = placement
  const { passed } = record.forwarded
  if (passed !== undefined && isLoop(passed, pool.loopMark)) {
    context.looped(pool.slot, pool.plan.name)
    return LOOP
  }
  const protection = protect(context, record, placement)
  if (placement.compression) record.negotiate(placement.compression)
  if (placement.edits) record.forwarded = placement.edits.forwarded(record)
  if (route.cache !== undefined) {
    const admitted = admitCached(context, down, record, placement, protection)
    if (admitted !== 'pass') return typeof admitted === 'string' ? reject(admitted) : admitted
  }
  if (protection) return heldIn(context, down, record, placement, protection) ?? protection
  if (head.meaning.maxForwards === 0 && isLastHop(head.method, head.meaning.maxForwards)) return lastHopAnswer(head)
  if (head.meaning.length > route.bodyBytes) return BODY_TOO_LARGE
  if (head.meaning.login && down.client.http2) return 'needs-http1'
  const breaker = pool.breaker(route)
  const isOverloaded = breaker?.enter() === false
  const buffer = isOverloaded && route.hold === undefined ? undefined : gatheringOf(record, placement)
  if (route.hold !== undefined) {
    const why = isOverloaded ? 'overloaded' : undefined
    const held = admitHeld(context, down, record, placement, breaker, buffer, why)
    if (held) return held
  }
  if (isOverloaded) return OVERLOADED
  if (buffer !== undefined) return new GatheringExchange(context, down, record, placement, breaker, buffer)
  return new Exchange(context, down, record, placement, breaker)
}

/** A window closes its route, and that is why it may be held. */
function heldIn(
  context: ExchangeContext,
  down: Downstream,
  record: ExchangeRecord,
  placement: Placement,
  { code }: Protection,
): Exchange | undefined {
  if (code !== 'maintenance' || placement.route.hold === undefined) return undefined
  return admitHeld(context, down, record, placement, undefined, gatheringOf(record, placement), code)
}

/** How its body is gathered before an upstream is chosen; undefined = it is not. */
export function gatheringOf(record: ExchangeRecord, placement: Placement): BodyBufferPlan | undefined {
  const buffer = placement.route.buffer?.request
  if (buffer === undefined) return undefined
  return isToHaveLength(record, placement.pool) || gathers(record, placement, buffer.mode) ? buffer : undefined
}

/** Its upstreams take no body, or lose it, that says no length. */
function isToHaveLength({ head }: ExchangeRecord, pool: Pool): boolean {
  return head.meaning.length === CHUNKED && pool.wantsLength
}

/** Only a body can be gathered. */
function gathers(
  { head: { meaning }, forwarded }: ExchangeRecord,
  { route, pool }: Placement,
  mode: BufferMode,
): boolean {
  if (mode === 'off' || (meaning.length <= 0 && meaning.length !== CHUNKED)) return false
  const longPoll = route.longPoll === true
  const holdsWorkers = mode === 'on' || pool.holdsWorkers
  return buffersRequest({ mode, longPoll, holdsWorkers }, meaning.fields, forwarded.upgrade !== undefined)
}

function answer(
  context: ExchangeContext,
  down: Downstream,
  record: ExchangeRecord,
  why: Rejection | Answer | StoredReply,
): void {
  const { snapshot } = context.active
  let end = 'complete'
  try {
    if (why instanceof StoredReply) {
      why.begin(down, record)
      why.piece(down, record)
    } else if ('body' in why) sendWhole(down, record, why)
    else {
      end = why.code
      sendAnswer(down, record, why.code, why.retryAfterS, snapshot)
    }
  } catch (error) {
    context.unexpected(error, record.requestId)
    if (why instanceof StoredReply) why.leave()
    record.finish(context, undefined, 0, 'internal-error')
    return down.cut()
  }
  record.finish(context, undefined, 0, end)
  if (why instanceof StoredReply) why.flush(down)
  else down.flush()
  down.finished((record.placement?.route ?? snapshot).timeouts)
}

function isGetOrHead(method: string): boolean {
  return method === 'GET' || method === 'HEAD'
}

function reject(code: AnswerCode): Rejection {
  return { code, retryAfterS: undefined }
}
