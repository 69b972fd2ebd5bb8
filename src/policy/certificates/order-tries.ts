// When an order of a certificate that failed is tried again, and when one that stays pending is given up.

/**
 * Why no certificate came: `unreachable`: the CA does not answer, or answers with a failure of its own. `busy`: it takes no more for now
 * (rate limits). `not-proven`: it could not see that the name leads here. `refused`: it does not want to. `own`: vigia could not.
 */
export type OrderTrouble = 'unreachable' | 'busy' | 'not-proven' | 'refused' | 'own'

/** In people's words; what follows is the reason. */
export const TROUBLE_WORDS: Readonly<Record<OrderTrouble, string>> = {
  unreachable: 'the CA is away',
  busy: 'the CA takes no more orders for now',
  'not-proven': 'the CA could not see that the name leads here',
  refused: 'the CA refuses',
  own: 'vigia could not',
}

export interface OrderFailure {
  readonly trouble: OrderTrouble
  /** What the CA asked for with Retry-After; undefined = nothing. */
  readonly retryAfterMs: number | undefined
}

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
/** First pause, then twice as long each time. Let's Encrypt takes five failed proofs of a name in an hour. */
const PAUSES: Readonly<Record<OrderTrouble, { readonly firstMs: number; readonly longestMs: number }>> = {
  unreachable: { firstMs: 30_000, longestMs: HOUR_MS },
  busy: { firstMs: HOUR_MS, longestMs: 24 * HOUR_MS },
  'not-proven': { firstMs: 5 * MINUTE_MS, longestMs: 6 * HOUR_MS },
  refused: { firstMs: 15 * MINUTE_MS, longestMs: 24 * HOUR_MS },
  own: { firstMs: 30_000, longestMs: HOUR_MS },
}
/** Names that fail together are not tried together. */
const SPREAD = 0.2
/** No CA is believed that it wants to be asked only after months. */
const LONGEST_RETRY_AFTER_MS = 7 * 24 * HOUR_MS
/** Of what a certificate has left, the most that a pause may take, where the CA itself asks for none. */
const MOST_OF_LEFT = 0.1
const LEAST_PAUSE_MS = 30_000

/** Some CAs look at a name for minutes; some never say that they could not reach it. */
const PROOF_WITHIN_MS = 3 * MINUTE_MS
const ORDER_WITHIN_MS = 10 * MINUTE_MS
const FIRST_LOOK_MS = 250
const LONGEST_LOOK_MS = 10_000

/**
 * Until the next try, ms.
 * @param failures in a row, this one included
 * @param leftMs that the certificate in use is valid for; undefined = there is none
 * @param random01 uniform in [0, 1)
 */
export function retryInMs(
  { trouble, retryAfterMs }: OrderFailure,
  failures: number,
  leftMs: number | undefined,
  random01: number,
): number {
  const { firstMs, longestMs } = PAUSES[trouble]
  const pauseMs = Math.min(firstMs * 2 ** Math.min(failures - 1, 20), longestMs)
  const spreadMs = pauseMs * (1 + SPREAD * random01)
  if (retryAfterMs !== undefined) return Math.max(spreadMs, Math.min(retryAfterMs, LONGEST_RETRY_AFTER_MS))
  // A CA that limits rates is not asked more often because a certificate is short of time.
  if (leftMs === undefined || leftMs <= 0 || trouble === 'busy') return spreadMs
  return Math.max(Math.min(spreadMs, leftMs * MOST_OF_LEFT), LEAST_PAUSE_MS)
}

/** How long what is pending at the CA has been so, ms. */
export interface Pending {
  readonly what: 'proof' | 'order'
  readonly sinceMs: number
  /** What the CA asked for with Retry-After; undefined = nothing. */
  readonly retryAfterMs: number | undefined
}

/** Until the CA is asked again, ms; `give-up`: it has had its time. */
export function nextLookMs({ what, sinceMs, retryAfterMs }: Pending): number | 'give-up' {
  const withinMs = what === 'proof' ? PROOF_WITHIN_MS : ORDER_WITHIN_MS
  if (sinceMs >= withinMs) return 'give-up'
  const ownMs = Math.min(Math.max(FIRST_LOOK_MS, sinceMs / 4), LONGEST_LOOK_MS)
  return Math.min(Math.max(ownMs, retryAfterMs ?? 0), withinMs - sinceMs)
}
