// How many client connections a listener of a worker may have where the configuration does not say: so many that the descriptors of the
// process also last for upstreams, probes and the admin listener.

import type { Snapshot } from '../../plan/snapshot.ts'

/** Where descriptors are no concern. */
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

/** @param descriptors that the process may have open; undefined = not known */
export function defaultConnections(descriptors: number | undefined, needs: DescriptorNeeds): number {
  if (descriptors === undefined) return MOST_CONNECTIONS
  const { workers, listeners, upstreams, idleConnections } = needs
  // Idle connections are seldom as many as they may be: they get no more than a quarter.
  const idle = Math.min(workers * idleConnections, descriptors / 4)
  const left = descriptors - RESERVED - upstreams - idle
  const fitting = Math.floor(left / (DESCRIPTORS_EACH * workers * Math.max(1, listeners)))
  return Math.min(MOST_CONNECTIONS, Math.max(1, fitting))
}
