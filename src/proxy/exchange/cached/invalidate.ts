// What was stored of a URI is right no more once an unsafe request on it has been carried out (RFC 9111 4.4), whichever route that took.

import { isSafe } from '../../../policy/request/method-class.ts'
import { askedFields } from '../../cache/key.ts'
import type { ExchangeContext } from '../context.ts'
import type { Downstream } from '../downstream.ts'
import type { ExchangeRecord } from '../record.ts'

export function invalidate(
  context: ExchangeContext,
  down: Downstream,
  { head, forwarded, pool }: ExchangeRecord,
): void {
  if (isSafe(head.method)) return
  const { origin } = askedFields(head, forwarded, down.client)
  context.cache.invalidate([pool, origin, head.target])
}
