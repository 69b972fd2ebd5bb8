// When a certificate is renewed: at a moment that its CA suggests (ARI, RFC 9773), or from a third of its lifetime left on.

/** Epoch ms. */
export interface Validity {
  readonly notBeforeMs: number
  readonly notAfterMs: number
}

/** Within which the CA would like it renewed (RFC 9773 4.2), epoch ms. */
export interface RenewalWindow {
  readonly startMs: number
  readonly endMs: number
}

const LEFT = 1 / 3
/** Certificates that were made together are not renewed at one moment: a part of the lifetime. */
const SPREAD = 0.02
/** Whatever a CA suggests, so much of the lifetime is left for tries that fail. */
const LEAST_LEFT = 0.1
const FIRST_ASK_MS = 60_000
const USUAL_ASK_MS = 6 * 3_600_000
const LONGEST_ASK_MS = 24 * 3_600_000
const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/i

/** Epoch ms. @param random01 uniform in [0, 1), the same for as long as the window is the same */
export function renewalMs(
  { notBeforeMs, notAfterMs }: Validity,
  window: RenewalWindow | undefined,
  random01: number,
): number {
  const lifetimeMs = Math.max(0, notAfterMs - notBeforeMs)
  if (window === undefined) return notAfterMs - lifetimeMs * (LEFT - SPREAD * random01)
  const suggested = window.startMs + (window.endMs - window.startMs) * random01
  return Math.min(suggested, notAfterMs - lifetimeMs * LEAST_LEFT)
}

/** What a CA answers about a renewal (RFC 9773 4.2); undefined = it can't be read. */
export function renewalWindowIn(answer: unknown): RenewalWindow | undefined {
  const { suggestedWindow } = (answer ?? {}) as { readonly suggestedWindow?: { start?: unknown; end?: unknown } }
  const startMs = instantMs(suggestedWindow?.start)
  const endMs = instantMs(suggestedWindow?.end)
  return startMs === undefined || endMs === undefined || endMs <= startMs ? undefined : { startMs, endMs }
}

/** Until the CA is asked again about a renewal, ms (RFC 9773 4.3). @param retryAfterMs what it said; undefined = nothing */
export function nextAskMs(retryAfterMs: number | undefined): number {
  return Math.min(Math.max(retryAfterMs ?? USUAL_ASK_MS, FIRST_ASK_MS), LONGEST_ASK_MS)
}

/** RFC 3339; undefined = it is none. */
function instantMs(value: unknown): number | undefined {
  const ms = typeof value === 'string' && INSTANT.test(value) ? Date.parse(value) : Number.NaN
  return Number.isNaN(ms) ? undefined : ms
}
