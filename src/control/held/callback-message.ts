// What a sender is told by its callback, signed as Standard Webhooks 1.0 has it: `webhook-id`, `webhook-timestamp` (seconds) and
// `webhook-signature`, HMAC-SHA-256 over `ID.TIMESTAMP.BODY`. Computes only.

import { createHmac } from 'node:crypto'
import type { HeldRow } from '../../held/contract.ts'
import { iso } from '../../util/words.ts'

/** A secret that begins so is the key's bytes in base64; any other is the key itself. */
const ENCODED = 'whsec_'

export function callbackMessage(
  row: HeldRow,
  secret: string,
  nowMs: number,
): { readonly headers: Readonly<Record<string, string>>; readonly body: string } {
  const { id, state, status, requestId, receivedMs, endedMs } = row
  const body = JSON.stringify({
    type: 'held.finished',
    timestamp: iso(nowMs),
    data: {
      id,
      state,
      status: status ?? null,
      requestId,
      receivedAt: iso(receivedMs),
      endedAt: endedMs === undefined ? null : iso(endedMs),
      location: `/.vigia/held/${id}`,
    },
  })
  const timestamp = String(Math.floor(nowMs / 1000))
  const key = secret.startsWith(ENCODED) ? Buffer.from(secret.slice(ENCODED.length), 'base64') : secret
  const signature = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')
  return {
    headers: {
      'content-type': 'application/json',
      'user-agent': 'vigia',
      'webhook-id': id,
      'webhook-timestamp': timestamp,
      'webhook-signature': `v1,${signature}`,
    },
    body,
  }
}
