// The few words that several rooms write alike: an instant, a length of time, an address, an upstream of a pool, what users got.

/** An instant as machines and logs write it (RFC 3339, UTC). */
export function iso(epochMs: number): string {
  return new Date(epochMs).toISOString()
}

/** `host:port`; an IPv6 address stands in brackets (RFC 3986 3.2.2). */
export function hostPort(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

/** `POOL/UPSTREAM`, as people name an upstream everywhere; `POOL` for all of a pool. */
export function poolUpstream(pool: string, upstream?: string): string {
  return upstream === undefined ? pool : `${pool}/${upstream}`
}

/** `8 s`, `12 min`, `3 h 20 min`, `5 d 2 h`. */
export function formatAge(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000))
  if (seconds < 120) return `${seconds} s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 120) return `${minutes} min`
  const hours = Math.floor(minutes / 60)
  if (hours < 48) return `${hours} h ${minutes % 60} min`
  return `${Math.floor(hours / 24)} d ${hours % 24} h`
}

/** `312 answers 5xx, 2 answers 2xx; 1 request is in doubt`. @param answers by status class @param planned answered by a maintenance window */
export function gotWords(
  answers: Readonly<Record<'1xx' | '2xx' | '3xx' | '4xx' | '5xx', number>>,
  inDoubt: number,
  planned: number,
): string {
  const classes = Object.entries(answers).reverse()
  const parts = [...classes, ['from a maintenance window', planned] as const].flatMap(([what, count]) =>
    count === 0 ? [] : [`${count} ${count === 1 ? 'answer' : 'answers'} ${what}`],
  )
  const doubts = inDoubt === 0 ? '' : `; ${inDoubt} ${inDoubt === 1 ? 'request is' : 'requests are'} in doubt`
  return `${parts.join(', ') || 'no answer'}${doubts}`
}
