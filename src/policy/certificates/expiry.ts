// When does the end of a certificate become worth a word, and how loud? Days are those of a certificate of 90 days, which is renewed with
// 30 left; of one that lasts for less they are the same share of its life, or a healthy one of a week would always be about to end.

/** Left when it is told, days. */
export const EXPIRY_DAYS = [21, 7, 1] as const

/** The mark that was passed; 0 = it has expired. */
export type ExpiryMark = (typeof EXPIRY_DAYS)[number] | 0

export interface Validity {
  /** Epoch ms. */
  readonly fromMs: number
  /** Epoch ms. */
  readonly untilMs: number
}

export type CertificateState = 'ok' | 'expires-soon' | 'expired' | 'not-yet-valid'

const DAY_MS = 86_400_000
const USUAL_MS = 90 * DAY_MS

/** The last mark that a certificate has passed; undefined = none, its end is far off. */
export function expiryMark({ fromMs, untilMs }: Validity, nowMs: number): ExpiryMark | undefined {
  const leftMs = untilMs - nowMs
  if (leftMs <= 0) return 0
  const scale = Math.min(1, (untilMs - fromMs) / USUAL_MS)
  return EXPIRY_DAYS.findLast(days => leftMs <= days * scale * DAY_MS)
}

export function certificateState(validity: Validity, nowMs: number): CertificateState {
  if (validity.fromMs > nowMs) return 'not-yet-valid'
  const mark = expiryMark(validity, nowMs)
  return mark === undefined ? 'ok' : mark === 0 ? 'expired' : 'expires-soon'
}
