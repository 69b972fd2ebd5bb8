// How many descriptors this process may have open, and whether that is enough for what the configuration lets in.

import { readFileSync } from 'node:fs'
import type { Snapshot } from '../../plan/snapshot.ts'
import { defaultConnections, MOST_CONNECTIONS, needsOf } from '../../policy/process/connection-limit.ts'

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

/** What an operator is told at the start; undefined = there are enough. */
export function descriptorWarning(snapshot: Snapshot, descriptors: number | undefined): string | undefined {
  const fitting = defaultConnections(descriptors, needsOf(snapshot))
  const { connections } = snapshot.limits
  if (fitting >= (connections ?? MOST_CONNECTIONS)) return undefined
  const few = `this process may open ${descriptors} descriptors only (ulimit -n, LimitNOFILE=)`
  return connections === undefined
    ? `${few}: limits.connections is ${fitting} for each listener and worker instead of ${MOST_CONNECTIONS}`
    : `${few}: enough for limits.connections: ${fitting}, and it is ${connections}; beyond that clients are turned away and requests get 503`
}
