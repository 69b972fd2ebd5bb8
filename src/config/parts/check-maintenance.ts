// Cross-checks of maintenance windows: scopes that exist, keys that contradict each other, calendars that can't be meant, and windows
// that would leave a pool with too few upstreams. The admin API asks the same of a window that it is given.

import type { WindowPlan } from '../../plan/window.ts'
import type { WindowProblem } from '../../policy/maintenance/check-window.ts'
import { checkWindow } from '../../policy/maintenance/check-window.ts'
import { type GuardedPool, type GuardFinding, guard } from '../../policy/maintenance/guard.ts'
import { type Occurrences, occurrencesOf } from '../../policy/maintenance/occurrences.ts'
import { didYouMean } from '../../util/nearest.ts'
import { isRange } from '../address.ts'
import { DEFAULTS } from '../defaults.ts'
import { isHeaderValue } from '../http-words.ts'
import { error, type Finding, type Path, quote, warning } from '../read/problem.ts'
import type { ConfigDocument } from '../schema.ts'
import { isEveryone, RANGE_FORM } from './check-access.ts'
import { compileWindow } from './compile-maintenance.ts'
import type { WindowDocument } from './schema-maintenance.ts'

/** What a window may be for. */
export interface WindowPlaces {
  /** Upstreams by pool. */
  readonly pools: ReadonlyMap<string, readonly string[]>
  readonly routes: readonly string[]
}

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
const SCOPES = ['pool', 'upstream', 'route', 'everything'] as const
/** Shorter ones are guessed. */
const SHORTEST_VALUE = 8

export function* checkMaintenance(config: ConfigDocument, horizon: Horizon): Iterable<Finding> {
  const { maintenance = [], pools, routes } = config
  const places: WindowPlaces = {
    pools: new Map(Object.entries(pools).map(([name, pool]) => [name, pool.upstreams.map(upstream => upstream.name)])),
    routes: routes.map((route, i) => route.name ?? `routes[${i}]`),
  }
  for (const [name, { minAvailable, upstreams }] of Object.entries(pools)) {
    if (minAvailable !== undefined && minAvailable > upstreams.length)
      yield error(
        ['pools', name, 'minAvailable'],
        `the pool has only ${upstreams.length} upstreams: no window could ever begin`,
      )
  }
  const firsts = new Map<string, number>()
  const sound: { readonly occurrences: Occurrences; readonly at: Path }[] = []
  for (const [i, window] of maintenance.entries()) {
    const at: Path = ['maintenance', i]
    const first = firsts.get(window.name)
    if (first !== undefined)
      yield error([...at, 'name'], `${quote(window.name)} is the name of maintenance[${first}] already`)
    firsts.set(window.name, first ?? i)
    const findings = [...checkWindowDocument(window, places, at)]
    yield* findings
    if (first === undefined && !findings.some(({ severity }) => severity === 'error'))
      sound.push({ occurrences: occurrencesOf(compileWindow(window, new Map())), at })
  }
  const guarded = Object.entries(pools).map(([name, pool]) => ({
    name,
    upstreams: pool.upstreams.map(upstream => upstream.name),
    minimum: pool.minAvailable ?? DEFAULTS.minAvailable,
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

/** One window by itself. @param at where it stands in the document */
export function* checkWindowDocument(window: WindowDocument, places: WindowPlaces, at: Path): Iterable<Finding> {
  const scopes = SCOPES.filter(scope => window[scope] !== undefined)
  if (scopes.length === 0) yield error(at, 'says not for what: set pool, upstream, route, or everything: true', 'key')
  for (const scope of scopes.slice(1))
    yield error(
      [...at, scope],
      `the window is for ${scopes[0]} already: remove one of them, or make two windows`,
      'key',
    )
  if (scopes.length === 1) yield* checkScope(window, places, at)
  yield* checkLength(window, at)
  yield* checkEffect(window, at)
  yield* checkBypass(window, at)
  const lengthIsClear = (window.duration === undefined) !== (window.end === undefined)
  if (scopes.length !== 1 || !lengthIsClear) return
  const { errors, warnings } = checkWindow(compileWindow(window, new Map()))
  for (const problem of errors) {
    // Said in the words of the document already.
    if (problem.field === 'behaviour' || isSaid(problem, window)) continue
    yield error(keyOf(problem.field, window, at), problem.message)
  }
  for (const problem of warnings) yield warning(keyOf(problem.field, window, at), problem.message)
}

function* checkScope({ pool, upstream, route }: WindowDocument, places: WindowPlaces, at: Path): Iterable<Finding> {
  const names = [...places.pools.keys()]
  if (pool !== undefined && !places.pools.has(pool)) yield error([...at, 'pool'], noSuch('pool', pool, names))
  if (route !== undefined && !places.routes.includes(route))
    yield error([...at, 'route'], noSuch('route', route, places.routes))
  if (upstream === undefined) return
  const slash = upstream.indexOf('/')
  const [ofPool, name] = [upstream.slice(0, Math.max(0, slash)), upstream.slice(slash + 1)]
  const all = [...places.pools].flatMap(([each, upstreams]) => upstreams.map(one => `${each}/${one}`))
  const known = places.pools.get(ofPool)
  if (slash < 1 || (known !== undefined && !known.includes(name)))
    yield error([...at, 'upstream'], noSuch('upstream', upstream, all))
  else if (known === undefined) yield error([...at, 'upstream'], noSuch('pool', ofPool, names))
}

function noSuch(kind: string, name: string, names: readonly string[]): string {
  return `there is no ${kind} ${quote(name)}${didYouMean(name, names) || `; there is ${names.slice(0, 20).join(', ')}`}`
}

function* checkLength({ duration, end }: WindowDocument, at: Path): Iterable<Finding> {
  if (duration === undefined && end === undefined)
    yield error(at, 'says not how long: set duration: 4h, or end: 2026-12-06T06:00', 'key')
  if (duration !== undefined && end !== undefined)
    yield error([...at, 'end'], 'its duration says already how long it is: remove one of them', 'key')
}

function* checkEffect(window: WindowDocument, at: Path): Iterable<Finding> {
  if (window.freeze === true) {
    for (const key of ['behaviour', 'lead', 'overrun', 'onlyWhenHealthy', 'bypass'] as const) {
      if (window[key] !== undefined && window[key] !== false)
        yield error([...at, key], 'a freeze leaves the traffic alone: remove it, or freeze: true', 'key')
    }
    if (window.route !== undefined)
      yield error([...at, 'route'], 'a freeze protects a pool, an upstream or everything, not a route', 'key')
    return
  }
  if (window.upstream !== undefined && window.behaviour === 'answer')
    yield error([...at, 'behaviour'], 'the other upstreams of the pool serve on: choose drain, or the pool as scope')
  if (window.route === undefined) return
  if (window.behaviour === 'drain')
    yield error(
      [...at, 'behaviour'],
      'a route has no upstreams of its own to drain: choose answer, or the pool as scope',
    )
  if (window.lead !== undefined && window.lead !== 0 && window.lead !== '0')
    yield warning([...at, 'lead'], 'has no effect: a route is served until the start', 'key')
}

function* checkBypass(window: WindowDocument, at: Path): Iterable<Finding> {
  const { bypass, freeze } = window
  if (bypass === undefined || freeze === true) return
  const path = [...at, 'bypass']
  const { addresses, header } = bypass
  if (header === undefined && (addresses ?? []).length === 0)
    yield error(path, 'lets nobody pass: set addresses or header, or remove it', 'key')
  if (window.behaviour === 'drain' || (window.upstream !== undefined && window.behaviour === undefined))
    yield warning(path, 'has no effect: nothing is answered, the upstreams are merely out', 'key')
  for (const [i, range] of (addresses ?? []).entries()) {
    if (!isRange(range))
      yield error([...path, 'addresses', i], `${quote(range)} is not an address or range, ${RANGE_FORM}`)
    else if (isEveryone(range))
      yield warning([...path, 'addresses', i], 'lets everyone pass: nobody would meet the window')
  }
  if (header === undefined) return
  const { value, valueFile } = header
  if ((value === undefined) === (valueFile === undefined))
    yield error([...path, 'header'], 'needs either value or valueFile', 'key')
  if (value !== undefined && (!isHeaderValue(value) || value !== value.trim()))
    yield error([...path, 'header', 'value'], 'has characters, or spaces at an end, that a header value cannot have')
  else if (value !== undefined && value.length < SHORTEST_VALUE)
    yield warning([...path, 'header', 'value'], `is shorter than ${SHORTEST_VALUE} characters: it could be guessed`)
}

function isSaid({ field }: WindowProblem, { freeze }: WindowDocument): boolean {
  return freeze === true && (field === 'leadMs' || field === 'overrun' || field === 'scope')
}

/** The key that says it in the document; the name where none does. */
function keyOf(field: keyof WindowPlan, window: WindowDocument, at: Path): Path {
  const candidates = KEYS[field].filter(key => window[key] !== undefined)
  return [...at, candidates[0] ?? 'name']
}

const KEYS: Readonly<Record<keyof WindowPlan, readonly (keyof WindowDocument)[]>> = {
  name: ['name'],
  kind: ['freeze'],
  reason: ['reason'],
  timeZone: ['timeZone'],
  start: ['start'],
  length: ['duration', 'end'],
  recurrence: ['repeat'],
  exceptDates: ['except'],
  scope: SCOPES,
  behaviour: ['behaviour'],
  leadMs: ['lead'],
  overrun: ['overrun', 'onlyWhenHealthy'],
  onlyWhenHealthy: ['onlyWhenHealthy'],
  bypass: ['bypass'],
}
