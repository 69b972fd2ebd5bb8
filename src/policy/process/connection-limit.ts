// How many client connections a listener of a worker may have: no more than the descriptors of the process last for, with upstreams, probes
// and the admin listener. Beyond that the kernel's connections could be accepted no more, and Node would close them.

import type { Snapshot } from '../../plan/snapshot.ts'

/** Where neither the configuration nor descriptors say less. */
export const MOST_CONNECTIONS = 10_000
/** Of a process that serves nobody yet, with its store, logs and the admin listener's clients. */
const RESERVED = 200
/** A client that is served, its upstream connection, and one client more that waits unread. */
const DESCRIPTORS_EACH = 3

export interface DescriptorNeeds {
  readonly workers: number
  readonly listeners: number
  /** Of all pools. Each may be probed at any time. */
  readonly upstreams: number
  /** Most idle connections to upstreams that a worker keeps, over all of them. */
  readonly idleConnections: number
}

export function needsOf({ workers, listeners, pools }: Snapshot): DescriptorNeeds {
  let upstreams = 0
  let idleConnections = 0
  for (const pool of pools) {
    upstreams += pool.upstreams.length
    idleConnections += pool.upstreams.length * pool.idleConnections
  }
  return { workers, listeners: listeners.length, upstreams, idleConnections }
}

/** @param wanted `limits.connections`; undefined = it is not given @param descriptors that the process may have open; undefined = not known */
export function connectionLimit(
  wanted: number | undefined,
  descriptors: number | undefined,
  needs: DescriptorNeeds,
): number {
  const most = wanted ?? MOST_CONNECTIONS
  if (descriptors === undefined) return most
  const { workers, listeners, upstreams, idleConnections } = needs
  // Idle connections are seldom as many as they may be: they get no more than a quarter.
  const idle = Math.min(workers * idleConnections, descriptors / 4)
  const left = descriptors - RESERVED - upstreams - idle
  const fitting = Math.floor(left / (DESCRIPTORS_EACH * workers * Math.max(1, listeners)))
  return Math.min(most, Math.max(1, fitting))
}
