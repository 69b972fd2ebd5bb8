// Which errors vigia can't spare a client, whatever it does. Each excuse needs its evidence: a fault that was there at the time, on the
// upstream that the request was on, and a reason why it could not be asked again. Everything else is a violation.

import type { AccessEntry } from '../../src/proxy/access-log/access-entry.ts'
import { promiseOf } from './asks.ts'
import { keepsBodies } from './buffering.ts'
import type { Evidence } from './evidence.ts'
import type { Episode } from './fault-run.ts'
import type { FaultKind } from './faults.ts'
import type { Seen } from './requests.ts'

export type Excuse =
  | 'cut after its head'
  | 'no HTTP'
  | 'timeouts are not repeated'
  | 'body not kept'
  | 'all attempts failed'
  | 'budget'
  | 'breaker'
  | 'out of descriptors'
  | 'shared'

/** What a fault does that ends in a timeout. */
const STANDS_STILL: ReadonlySet<FaultKind> = new Set(['freeze', 'half-open'])

/** Faults on this upstream while the request was under way, or from which it had not yet recovered. '' = on any. */
export function faultsAround(
  episodes: readonly Episode[],
  node: string,
  { startMs, endMs }: Seen | { startMs: number; endMs: number },
): Episode[] {
  return episodes.filter(each => (node === '' || each.node === node) && each.startMs <= endMs && each.wellMs >= startMs)
}

/** vigia had no descriptor for a connection to an upstream, and says so. */
export function isOutOfDescriptors({ code, startMs, endMs }: Seen, { ownEpisodes }: Evidence): boolean {
  return (
    code === 'out-of-resources' &&
    ownEpisodes.some(each => each.kind === 'descriptors' && each.startMs <= endMs && each.endMs >= startMs)
  )
}

/** Why a request that may be repeated failed all the same; undefined = there is no excuse. */
export function excuseFor(seen: Seen, entry: AccessEntry | undefined, evidence: Evidence): Excuse | undefined {
  const { setup, episodes } = evidence
  if (isOutOfDescriptors(seen, evidence)) return 'out of descriptors'
  // Which of the lines is its own is not known, nor has it to be: with any fault the answer may be that of whoever it waited for.
  if (promiseOf(seen.kind) === 'shared') return faultsAround(episodes, '', seen).length > 0 ? 'shared' : undefined
  const node = seen.node || entry?.upstream || ''
  const faults = faultsAround(episodes, node, seen)
  if (seen.code === 'overloaded') return setup.breaker ? 'breaker' : undefined
  if (node === '' || faults.length === 0) return undefined
  if (seen.end === 'cut') return 'cut after its head'
  // A declared request that failed in one of these ways is in doubt: the code does not tell which.
  const inDoubt = seen.code === 'in-doubt'
  // A second upstream was asked: if that did not answer well either, vigia believes that the request is the cause.
  const spoilt = faults.some(({ kind }) => kind === 'garbage') && (entry?.attempts ?? 0) > 1
  if ((seen.code === 'bad-upstream-response' || inDoubt) && spoilt) return 'no HTTP'
  const standsStill = !setup.retryTimeouts && faults.some(({ kind }) => STANDS_STILL.has(kind))
  if ((seen.code === 'upstream-timeout' || inDoubt) && standsStill) return 'timeouts are not repeated'
  if (promiseOf(seen.kind) === 'large' && !keepsBodies(evidence)) return 'body not kept'
  const struck = new Set(
    faultsAround(episodes, '', seen)
      .filter(each => each.endMs >= seen.startMs)
      .map(each => each.node),
  )
  const attempts = entry?.attempts ?? 0
  // There was none left to ask, however many attempts it had.
  if (struck.size >= setup.nodes) return 'all attempts failed'
  if (attempts >= setup.attempts && struck.size >= setup.attempts) return 'all attempts failed'
  if (attempts < setup.attempts && setup.budgeted && evidence.budgetExhausted) return 'budget'
  return undefined
}
