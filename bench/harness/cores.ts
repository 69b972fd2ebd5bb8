// Which core runs what: the proxy never shares one with the load or the upstream, as far as there are cores.
import { availableParallelism } from 'node:os'
import { canPin } from './process.ts'

const many = availableParallelism() >= 4

export const loadCores = many ? '2' : '1'
export const upstreamCores = many ? '3' : '1'

export function proxyCores(workers: number): string {
  return workers > 1 ? '0,1' : '0'
}

/** For the report. */
export function describeCores(): string {
  if (!canPin) return 'not pinned (needs taskset and two cores): take no CPU figure for sure'
  if (many) return 'proxy on core 0, load on core 2, upstream on core 3'
  return 'proxy on core 0, load and upstream on core 1'
}

/** What to know of a scenario with that many workers; undefined = nothing. */
export function cautionFor(workers: number): string | undefined {
  return workers > 1 && !many
    ? 'with fewer than four cores the second worker shares its core with load and upstream: CPU per request tells something, requests/s does not'
    : undefined
}
