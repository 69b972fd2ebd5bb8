// So that one run reports all problems: leaves out what the schema refused, so that the cross-checks can look at the rest,
// and keeps back what they say only because something was left out. The repaired document is never compiled.

import type { Finding, Path } from '../forms/problem.ts'

type Step = Path[number]

export interface Repair {
  readonly value: unknown
  /** Values that were left out although their key exists; unknown keys are not among them. */
  readonly missing: readonly Path[]
}

/** Keys that are judged together wherever they stand. */
const JUDGED_TOGETHER = [
  new Set<Step>(['queue', 'maxConnections', 'queuePriority']),
  new Set<Step>(['priority', 'failback']),
  new Set<Step>(['acme', 'challenge', 'store', 'tls']),
]
const LISTS_OF_MAPPINGS = new Set<string | number>(['listeners', 'routes', 'upstreams', 'maintenance'])

/** A copy without the refused places; undefined where one can't be left out (an entry of a list). */
export function leaveOut(value: unknown, refused: readonly Finding[]): Repair | undefined {
  const copy = structuredClone(value)
  const missing: Path[] = []
  for (const finding of refused) {
    const { at } = finding
    // A list of plain values goes as a whole: leaving out one entry would give the others new numbers.
    const isEntry = typeof finding.path.at(-1) === 'number'
    const path = isEntry ? finding.path.slice(0, -1) : finding.path
    if (isEntry && LISTS_OF_MAPPINGS.has(path.at(-1) ?? '')) return undefined
    const parent = path.slice(0, -1).reduce<unknown>((node, step) => (isMapping(node) ? node[step] : undefined), copy)
    const key = path.at(-1)
    if (key === undefined || Array.isArray(parent)) return undefined
    // Already gone with something around it.
    if (!isMapping(parent)) continue
    delete parent[key]
    if (at === 'value') missing.push(path)
    // What stands in the wrong place of a route may have been meant to narrow it: nothing is said of what it hides.
    else if (path[0] === 'routes') missing.push(['routes'])
  }
  return { value: copy, missing }
}

/** Whether a finding holds whatever stood at the places that were left out. */
export function stillHolds(finding: Finding, missing: readonly Path[]): boolean {
  return !missing.some(path => {
    // Keys of one mapping are judged together: a timeout against the interval beside it, a key against its algorithm.
    const isOfMapping = path.length === finding.path.length || path.length === finding.path.length + 1
    const isBeside = isOfMapping && path.slice(0, -1).every((step, i) => finding.path[i] === step)
    // What a route matches decides over the reach of all routes after it.
    const isReach = (path[0] === 'routes' || path[0] === 'listeners') && finding.path.length === 2
    const isAddress =
      (path[0] === 'workers' || path[0] === 'admin') && (finding.path[0] === 'listeners' || finding.path[0] === 'admin')
    // How many upstreams have to stay decides over all windows.
    const isGuarded = path.at(-1) === 'minAvailable' && finding.path[0] === 'maintenance'
    const isTogether = JUDGED_TOGETHER.some(keys => keys.has(path.at(-1) ?? '') && keys.has(finding.path.at(-1) ?? ''))
    return isReach || isAddress || isGuarded || isTogether || (isBeside && path.length > 1)
  })
}

function isMapping(value: unknown): value is Record<string | number, unknown> {
  return typeof value === 'object' && value !== null
}
