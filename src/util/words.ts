// The few words that several rooms write alike: an instant, an address, an upstream of a pool.

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
