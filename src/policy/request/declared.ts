// Does a route's promise that its upstreams honour Idempotency-Key cover this request? The other promise is rpc-reads.ts.
// Reads the key's form only; what it stands for is between client and upstream.

import type { RoutePlan } from '../../plan/route.ts'

/** What a request's head alone says of its route's promises: a POST that only polls, or one that a key makes repeatable. */
export function declaredByHead(
  method: string,
  { longPoll, retry }: Pick<RoutePlan, 'longPoll' | 'retry'>,
  keyOf: () => string | undefined,
): 'keyed' | 'poll' | undefined {
  if (longPoll === true && method === 'POST') return 'poll'
  return isKeyed(method, retry?.idempotencyKey ? keyOf() : undefined) ? 'keyed' : undefined
}

/**
 * A request that its key makes repeatable (draft-ietf-httpapi-idempotency-key-header: POST and PATCH).
 * @param key value of the field Idempotency-Key, several fields joined by ", "; undefined = there is none
 */
export function isKeyed(method: string, key: string | undefined): boolean {
  return key !== undefined && (method === 'POST' || method === 'PATCH') && isOneKey(key)
}

/** It is one key, and well formed. */
export function isOneKey(key: string): boolean {
  return ONE_KEY.test(key)
}

/**
 * A quoted string as the draft has it, or the bare token that clients send in practice. Neither spaces nor commas: a
 * field that came twice has both, and an upstream may go by the one or the other.
 */
const ONE_KEY = /^(?:"[\x21\x23-\x2b\x2d-\x5b\x5d-\x7e]{1,253}"|[\x21\x23-\x2b\x2d-\x7e]{1,255})$/
