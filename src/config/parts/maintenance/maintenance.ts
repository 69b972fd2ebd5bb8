// The maintenance windows of a configuration together: their names, and whether they would leave a pool with too few upstreams.

import Type, { type Static } from 'typebox'
import { type GuardedPool, type GuardFinding, guard } from '../../../policy/maintenance/guard.ts'
import { type Occurrences, occurrencesOf } from '../../../policy/maintenance/occurrences.ts'
import type { NamedFile } from '../../forms/named-file.ts'
import { type Finding, type Path, repeatedNames } from '../../forms/problem.ts'
import { minAvailableOf, type PoolsDocument } from '../pool/pool.ts'
import { type RoutesDocument, routeName } from '../route/route.ts'
import { bypassFiles } from './bypass.ts'
import { checkWindow, compileWindow, type KnownNames, windowSchema } from './window.ts'

/** How far ahead windows are held against each other. */
export interface Horizon {
  readonly nowMs: number
  /**
   * A file that was fine must not keep vigia from starting a year later, only because the year to come is another one: then
   * `warning`. The moment of each start is guarded anyway.
   */
  readonly severity: Finding['severity']
}

const AHEAD_MS = 366 * 86_400_000

export const maintenanceSchema = Type.Array(windowSchema, {
  maxItems: 500,
  title: 'a list of windows',
  description: 'Planned maintenance and change freezes. Default: none.',
})

type MaintenanceDocument = Static<typeof maintenanceSchema>

export function* checkMaintenance(
  maintenance: MaintenanceDocument,
  pools: PoolsDocument,
  routes: RoutesDocument,
  horizon: Horizon,
): Iterable<Finding> {
  const upstreams = Object.entries(pools).map(([name, pool]) => [name, pool.upstreams.map(each => each.name)] as const)
  const known: KnownNames = { pools: new Map(upstreams), routes: new Set(routes.map(routeName)) }
  yield* repeatedNames(maintenance, 'maintenance')
  const names = new Set<string>()
  const sound: { readonly occurrences: Occurrences; readonly at: Path }[] = []
  for (const [i, window] of maintenance.entries()) {
    const at: Path = ['maintenance', i]
    const findings = [...checkWindow(window, known, at)]
    yield* findings
    if (!names.has(window.name) && !findings.some(({ severity }) => severity === 'error'))
      sound.push({ occurrences: occurrencesOf(compileWindow(window, new Map())), at })
    names.add(window.name)
  }
  const guarded = Object.entries(pools).map(([name, pool]) => ({
    name,
    upstreams: pool.upstreams.map(upstream => upstream.name),
    minimum: minAvailableOf(pool),
  }))
  const all = sound.map(({ occurrences }) => occurrences)
  for (const { windows, message } of guardAhead(all, guarded, horizon.nowMs)) {
    // The last of them in the file is the one that was one too many.
    const { at } = sound.findLast(({ occurrences }) => windows.includes(occurrences.plan.name))!
    yield { severity: horizon.severity, path: [...at, 'name'], at: 'value', message }
  }
}

/** Windows that would leave a pool with too few upstreams within a year. */
export function guardAhead(
  windows: readonly Occurrences[],
  pools: readonly GuardedPool[],
  nowMs: number,
): readonly GuardFinding[] {
  return guard(windows, pools, { fromMs: nowMs, toMs: nowMs + AHEAD_MS })
}

export function* maintenanceFiles(maintenance: MaintenanceDocument): Iterable<NamedFile> {
  for (const [i, { bypass }] of maintenance.entries()) yield* bypassFiles(bypass, ['maintenance', i, 'bypass'])
}
