// By what a held request is known: its place in the order, what makes another one its repeat, and what is kept of it. Equal for equal
// requests in every worker, and after every start.

import { hash } from 'node:crypto'
import { FIELD } from '../../../http/field-names.ts'
import { type Fields, fieldValues, firstValue } from '../../../http/fields.ts'
import type { HoldPlan } from '../../../plan/hold.ts'
import type { RoutePlan } from '../../../plan/route.ts'
import { orderValue, shownValue } from '../../../policy/hold/order-value.ts'
import { clientKey } from '../../../policy/request/client-key.ts'
import { isOneKey } from '../../../policy/request/declared.ts'
import { isIdempotent } from '../../../policy/request/retry.ts'
import { isDeclaredRead } from '../../../policy/request/rpc-reads.ts'
import type { HeldIdentity, KeptRequest } from '../../../shared/held/messages.ts'
import { decodedText } from '../decoded-text.ts'
import type { Placement } from '../placement.ts'
import type { ExchangeRecord } from '../record.ts'

/** Of base64url: 132 bits. */
const HASH_CHARS = 22

/** @param bodyOf undefined = it is not at hand: then it has no part in the order */
export function orderOf(
  record: ExchangeRecord,
  route: string,
  plan: HoldPlan,
  bodyOf: () => Uint8Array | undefined,
): Pick<HeldIdentity, 'key' | 'keyText'> {
  const { fields } = record.head.meaning
  const value = orderValue(plan.order, {
    client: clientKey(record.client),
    field: name => fieldValues(fields, name),
    text: () => textOf(bodyOf(), fieldValues(fields, 'content-encoding'), plan.bodyBytes),
  })
  return { key: hashOf([route, value]), keyText: shownValue(value) }
}

export function identityOf(
  record: ExchangeRecord,
  { route, rpcReads }: Placement,
  plan: HoldPlan,
  body: Uint8Array,
): HeldIdentity {
  const { method, target, meaning } = record.head
  const { fields } = meaning
  const key = fieldValues(fields, 'idempotency-key')
  const keyed = keyedOf(record, route.name, plan)
  // Nobody compares that of one without a key.
  const fingerprint = plan.dedupe === 'body' || keyed !== undefined ? hashOf([method, target], body) : ''
  const reads = rpcReads && method === 'POST' ? rpcReads : undefined
  const text = reads && decodedText(Buffer.from(body), fieldValues(fields, 'content-encoding'), reads.bodyBytes)
  return {
    ...orderOf(record, route.name, plan, () => body),
    dedupe: plan.dedupe === 'body' ? hashOf([...scopeOf(fields, route.name), 'body', fingerprint]) : keyed,
    fingerprint,
    repeatable: isRepeatable(method, route, key) || (text !== undefined && isDeclaredRead(text, reads!)),
  }
}

/** What a client sent, and vigia's id for it: of it goes nothing that was for its connection only (RFC 9110 7.6.1). */
export function keptRequest(record: ExchangeRecord, route: RoutePlan, body: Uint8Array): KeptRequest {
  const { head, side, forwarded } = record
  return {
    route: route.name,
    fields: endToEnd(record),
    method: head.method,
    target: head.target,
    host: head.host,
    scheme: side.scheme,
    listener: side.listener.name,
    peer: side.peer,
    client: forwarded.clientAddress,
    requestId: record.requestId,
    body,
  }
}

const OF_THE_CONNECTION: ReadonlySet<number> = new Set([
  ...[FIELD.host, FIELD.connection, FIELD.contentLength, FIELD.transferEncoding, FIELD.upgrade, FIELD.expect],
  ...[FIELD.keepAlive, FIELD.te, FIELD.trailer, FIELD.hopByHop, FIELD.requestId],
])

function endToEnd({ head, side }: ExchangeRecord): string[] {
  const { fields, options } = head.meaning
  return fields.names.flatMap((name, i) => {
    const kind = fields.kinds[i]!
    if (OF_THE_CONNECTION.has(kind) || options.nominated?.includes(name.toLowerCase())) return []
    return kind === FIELD.held && !side.trusted ? [] : [name, fields.values[i]!]
  })
}

/** By the sender's own key; undefined = it has none, or that does not count. */
export function keyedOf({ head }: ExchangeRecord, route: string, plan: HoldPlan): string | undefined {
  const { fields } = head.meaning
  const key = plan.dedupe === 'idempotency-key' ? fieldValues(fields, 'idempotency-key') : undefined
  return key === undefined || !isOneKey(key) ? undefined : hashOf([...scopeOf(fields, route), 'key', key])
}

/** Nobody is given the result of somebody else's request for guessing a key. */
function scopeOf(fields: Fields, route: string): readonly string[] {
  return [route, firstValue(fields, FIELD.authorization) ?? '']
}

/** One without a key of its own is given one: where upstreams honour keys, that makes it repeatable. */
function isRepeatable(method: string, { retry }: RoutePlan, key: string | undefined): boolean {
  if (isIdempotent(method)) return true
  if (retry?.idempotencyKey !== true || (method !== 'POST' && method !== 'PATCH')) return false
  return key === undefined || isOneKey(key)
}

function textOf(body: Uint8Array | undefined, coding: string | undefined, mostBytes: number): string | undefined {
  if (body === undefined) return undefined
  const text = decodedText(Buffer.from(body.buffer, body.byteOffset, body.length), coding, mostBytes)
  return text === undefined ? undefined : Buffer.from(text, 'latin1').toString('utf8')
}

/** No two lists of texts are hashed alike. */
function hashOf(texts: readonly string[], body?: Uint8Array): string {
  const head = Buffer.from(JSON.stringify(texts))
  const bytes = body === undefined ? head : Buffer.concat([head, body])
  return hash('sha256', bytes, 'base64url').slice(0, HASH_CHARS)
}
