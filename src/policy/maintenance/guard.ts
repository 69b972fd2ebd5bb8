// Keeps windows from leaving a pool with too few upstreams: ahead, over a stretch of the calendar, and at the moment of a start.
// A pool whose requests a window answers is closed on purpose: that is no finding.

import type { WindowPlan } from '../../plan/window.ts'
import { MOST_A_YEAR } from './check-window.ts'
import { datesOverlapping, type Occurrences } from './occurrences.ts'
import { localWords, wallAt } from './wall-clock.ts'

export interface GuardedPool {
  readonly name: string
  readonly upstreams: readonly string[]
  /** How many have to stay. */
  readonly minimum: number
}

export interface GuardFinding {
  readonly pool: string
  /** Those that leave too few, together where there are several; sorted. */
  readonly windows: readonly string[]
  /** The first time it happens. */
  readonly fromMs: number
  readonly untilMs: number
  /** The fewest upstreams left, and how many should be. */
  readonly left: number
  readonly minimum: number
  /** How often it happens in the stretch that was looked at. */
  readonly times: number
  readonly message: string
}

/** The upstreams of a pool that could serve now, windows in force and lead-ins left out. */
export interface PoolNow {
  readonly name: string
  readonly available: readonly string[]
  readonly minimum: number
}

export type StartVerdict =
  | { readonly verdict: 'ok' }
  | { readonly verdict: 'postponed'; readonly pool: string; readonly message: string }

/**
 * Windows, alone or where they overlap, that would take from a pool more upstreams than it can spare, lead-ins included.
 * One finding for each smallest combination, at its first time.
 */
export function guard(
  windows: readonly Occurrences[],
  pools: readonly GuardedPool[],
  horizon: { readonly fromMs: number; readonly toMs: number },
): GuardFinding[] {
  const guarded = windows.filter(({ plan }) => plan.kind === 'maintenance' && plan.scope.kind !== 'route')
  const known = new Map<Occurrences, Span[]>()
  const spansIn = (occurrences: Occurrences) => known.getOrInsertComputed(occurrences, of => spansOf(of, horizon))
  return pools.flatMap(pool => {
    const own = guarded.filter(({ plan }) => concerns(plan, pool.name))
    return spares(pool, own) ? [] : findingsOf(pool, own.flatMap(spansIn))
  })
}

/** The pool can spare all that these windows take out, even all at once: no calendar need be looked at. */
function spares({ upstreams, minimum }: GuardedPool, windows: readonly Occurrences[]): boolean {
  const taken = new Set<string>()
  for (const { plan } of windows) {
    if (plan.scope.kind !== 'upstream') return false
    taken.add(plan.scope.upstream)
  }
  return upstreams.length - taken.size >= minimum
}

/**
 * Whether a window may begin now: with its lead-in, or with its start where it has none. Ask about one window at a time;
 * `pools` is what those before it have left. One that takes out only what is out already may always begin.
 */
export function mayStart(plan: WindowPlan, pools: readonly PoolNow[]): StartVerdict {
  const { scope, behaviour } = plan
  if (plan.kind === 'freeze' || scope.kind === 'route') return { verdict: 'ok' }
  if (behaviour === 'answer' && scope.kind !== 'upstream') return { verdict: 'ok' }
  for (const { name, available, minimum } of pools) {
    if (!concerns(plan, name)) continue
    const left = scope.kind === 'upstream' ? available.filter(upstream => upstream !== scope.upstream) : []
    if (left.length === available.length || left.length >= minimum) continue
    const message =
      `window ${plan.name} is postponed: it would leave pool ${name} with ${count(left)}, its minimum is ${minimum}; ` +
      'it begins as soon as more are available, unless its end comes first'
    return { verdict: 'postponed', pool: name, message }
  }
  return { verdict: 'ok' }
}

interface Span {
  readonly plan: WindowPlan
  readonly fromMs: number
  readonly untilMs: number
}

function spansOf(occurrences: Occurrences, { fromMs, toMs }: { fromMs: number; toMs: number }): Span[] {
  const { plan } = occurrences
  // One whose lead-in begins before the horizon's end counts, though it starts after it.
  const found = datesOverlapping(occurrences, fromMs, toMs + plan.leadMs, MOST_A_YEAR)
  return found.map(({ leadFromMs, endMs }) => ({ plan, fromMs: leadFromMs, untilMs: endMs }))
}

function concerns({ scope }: WindowPlan, pool: string): boolean {
  return scope.kind === 'everything' || (scope.kind !== 'route' && scope.pool === pool)
}

interface Shortage {
  readonly windows: readonly string[]
  readonly fromMs: number
  readonly untilMs: number
  readonly left: number
}

function findingsOf(pool: GuardedPool, spans: readonly Span[]): GuardFinding[] {
  const shortages = shortagesOf(pool, spans)
  const combinations = new Map(shortages.map(({ windows }) => [JSON.stringify(windows), windows]))
  // A combination that contains a smaller one is short because of that one, for which its time counts.
  const smallest = [...combinations.values()].filter(
    windows => ![...combinations.values()].some(other => other.length < windows.length && includesAll(windows, other)),
  )
  return smallest.map(windows =>
    finding(
      pool,
      windows,
      shortages.filter(shortage => includesAll(shortage.windows, windows)),
      spans,
    ),
  )
}

/** Walks from one begin or end of a window to the next; between two of them nothing changes. In order of time. */
function shortagesOf(pool: GuardedPool, spans: readonly Span[]): Shortage[] {
  const found: Shortage[] = []
  const begins = [...spans].sort((a, b) => a.fromMs - b.fromMs)
  const instants = [...new Set(spans.flatMap(({ fromMs, untilMs }) => [fromMs, untilMs]))].sort((a, b) => a - b)
  let inForce: readonly Span[] = []
  let begun = 0
  for (const [index, fromMs] of instants.entries()) {
    inForce = inForce.filter(({ untilMs }) => untilMs > fromMs)
    for (; begun < begins.length && begins[begun]!.fromMs <= fromMs; begun += 1) inForce = [...inForce, begins[begun]!]
    const left = leftIn(pool, inForce)
    // A pool that has too few upstreams anyway is not the windows' doing.
    if (left === undefined || left.length >= pool.minimum || left.length === pool.upstreams.length) continue
    const windows = [...new Set(inForce.map(({ plan }) => plan.name))].sort()
    found.push({ windows, fromMs, untilMs: instants[index + 1]!, left: left.length })
  }
  return found
}

function includesAll(all: readonly string[], some: readonly string[]): boolean {
  return some.every(name => all.includes(name))
}

/** Upstreams that no window takes out; undefined = the pool is closed on purpose. */
function leftIn({ upstreams }: GuardedPool, inForce: readonly Span[]): readonly string[] | undefined {
  let left = upstreams
  let closed = false
  for (const { plan } of inForce) {
    const { scope } = plan
    if (scope.kind === 'upstream') left = left.filter(name => name !== scope.upstream)
    else if (plan.behaviour === 'answer') closed = true
    else left = []
  }
  return closed ? undefined : left
}

function finding(
  pool: GuardedPool,
  windows: readonly string[],
  shortages: readonly Shortage[],
  spans: readonly Span[],
): GuardFinding {
  const stretches: { fromMs: number; untilMs: number }[] = []
  for (const { fromMs, untilMs } of shortages) {
    const last = stretches.at(-1)
    if (last?.untilMs === fromMs) last.untilMs = untilMs
    else stretches.push({ fromMs, untilMs })
  }
  const { fromMs, untilMs } = stretches[0]!
  const times = stretches.length
  const left = Math.min(...shortages.map(shortage => shortage.left))
  const { timeZone } = spans.find(({ plan }) => plan.name === windows[0])!.plan
  const at = (epochMs: number): string => localWords(wallAt(epochMs, timeZone))
  const who = windows.length === 1 ? `window ${windows[0]}` : `windows ${windows.join(', ')} together`
  const often = times === 1 ? '' : `, and ${times - 1} more times`
  const message =
    `${who} would leave pool ${pool.name} with ${left} of ${pool.upstreams.length} upstreams, its minimum is ${pool.minimum}: ` +
    `${at(fromMs)} to ${at(untilMs)} (${timeZone})${often}; move one of them, or answer for the whole pool`
  return { pool: pool.name, windows, fromMs, untilMs, left, minimum: pool.minimum, times, message }
}

function count(upstreams: readonly string[]): string {
  const names = upstreams.length === 0 ? '' : ` (${upstreams.join(', ')})`
  return `${upstreams.length} available upstream${upstreams.length === 1 ? '' : 's'}${names}`
}
