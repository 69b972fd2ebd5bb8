// How many descriptors this process may have open, and how many of the clients that the configuration lets in they last for.

import { readFileSync } from 'node:fs'
import type { Snapshot } from '../../plan/snapshot.ts'
import { connectionLimit, MOST_CONNECTIONS, needsOf } from '../../policy/process/connection-limit.ts'

/** @returns undefined where the system does not say, or there is no limit */
export function descriptorLimit(): number | undefined {
  try {
    // Node raises the soft limit to the hard one as it starts.
    const soft = /^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1'))?.[1]
    return soft === undefined ? undefined : Number(soft)
  } catch {
    return undefined
  }
}

/** Nobody is told of fewer than the default where this many are left and nobody has asked for more. */
const PLENTY = 1_000

/** What clients may have, and why it is less than the configuration says. */
export interface ConnectionLimit {
  /** Connections at once, for each listener and worker. */
  readonly connections: number
  /** One line with what to do; undefined = it is what the configuration says, or plenty where that says nothing. */
  readonly warning: string | undefined
}

export function connectionLimitOf(snapshot: Snapshot, descriptors: number | undefined): ConnectionLimit {
  const wanted = snapshot.limits.connections
  const connections = connectionLimit(wanted, descriptors, needsOf(snapshot))
  const stated = wanted ?? MOST_CONNECTIONS
  const warning = `this process may open ${descriptors} descriptors only (ulimit -n, LimitNOFILE=): limits.connections is ${connections} for each listener and worker instead of ${stated}`
  return { connections, warning: connections < (wanted ?? PLENTY) ? warning : undefined }
}
