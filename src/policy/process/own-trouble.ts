// Whose trouble is it that a connection failed? What this machine or process has run out of says nothing of an upstream: such a failure
// counts against none, and a probe that met it is no probe.

/** Descriptors of the process and of the machine; a local address or port; buffers; memory. */
const OWN_CODES: ReadonlySet<unknown> = new Set(['EMFILE', 'ENFILE', 'EADDRNOTAVAIL', 'ENOBUFS', 'ENOMEM'])

/** How late a deadline may fire before it says more of this process than of the upstream, ms. */
export const STOOD_STILL_MS = 1000

/** Of several addresses that were tried, every one has to have failed so: a machine without IPv6 is no trouble where IPv4 was refused. */
export function isOwnTrouble(error: unknown): boolean {
  if (error instanceof AggregateError && error.errors.length > 0) return error.errors.every(isOwnTrouble)
  return error instanceof Error && OWN_CODES.has((error as NodeJS.ErrnoException).code)
}

/**
 * Whether a timeout fired so late that this process must have stood still (a suspended machine, SIGSTOP, no CPU): the answer may have
 * come meanwhile, unread.
 */
export function stoodStill(timeoutMs: number, tookMs: number): boolean {
  return tookMs > timeoutMs + STOOD_STILL_MS
}
