// What differs between two snapshots, in words: parts that came, went or changed, with before and after. Pure, bounded, and without
// secrets: of those it says only that they changed.

import { isDeepStrictEqual } from 'node:util'
import type { HealthListenerPlan } from '../../plan/listener.ts'
import type { PoolPlan } from '../../plan/pool.ts'
import type { NamePattern, RoutePlan } from '../../plan/route.ts'
import type { Snapshot } from '../../plan/snapshot.ts'
import type { CertificateFiles } from '../../plan/tls.ts'
import { hostPort } from '../../util/words.ts'
import { RENAMED } from '../document.ts'
import { formatDuration, formatSize } from '../forms/units.ts'
import { isSecretKey, MASK, withoutSecrets } from './secrets.ts'

export type Part = 'listener' | 'route' | 'pool' | 'upstream' | 'window' | 'setting'

export interface Change {
  readonly kind: 'added' | 'removed' | 'changed'
  readonly part: Part
  /** `web`, `erp`, `erp/erp-3`; '' for a setting of the whole. */
  readonly name: string
  /** `health.interval`, as the document calls it where that is possible; undefined = the part as a whole. */
  readonly key: string | undefined
  /** In words; undefined = nothing was there, or it is too long or too secret to be told. */
  readonly before: string | undefined
  readonly after: string | undefined
}

export interface Diff {
  /** Listeners, routes, pools, upstreams, windows, settings, in this order; not more than MOST_CHANGES. */
  readonly changes: readonly Change[]
  /** Of all. */
  readonly total: number
}

export const MOST_CHANGES = 200
const LONGEST_VALUE = 80

/** The revision is no difference. */
export function diffSnapshots(before: Snapshot, after: Snapshot): Diff {
  const changes = [
    ...diffParts('listener', listenersOf(before), listenersOf(after)),
    ...diffRoutes(before, after),
    ...diffParts('pool', poolsOf(before), poolsOf(after)),
    ...diffUpstreams(before, after),
    ...diffParts('window', windowsOf(before), windowsOf(after)),
    ...diffKeys('setting', '', settingsOf(before), settingsOf(after)),
  ]
  return { changes: changes.slice(0, MOST_CHANGES), total: changes.length }
}

/** `pool erp: upstream erp-3 added (http://10.0.0.13:8069)`, `pool erp: health.interval 2s -> 5s`. */
export function changeText({ kind, part, name, key, before, after }: Change): string {
  const [pool, upstream] = [name.slice(0, name.indexOf('/')), name.slice(name.indexOf('/') + 1)]
  const subject =
    part === 'setting' ? '' : part === 'upstream' ? `pool ${pool}: upstream ${upstream}` : `${part} ${name}`
  if (key === undefined) {
    const shown = after ?? before
    return `${subject} ${kind}${shown === undefined ? '' : ` (${shown})`}`.trimStart()
  }
  const values = before === undefined && after === undefined ? 'changed' : `${before ?? 'none'} -> ${after ?? 'none'}`
  return `${subject === '' ? '' : `${subject}: `}${key} ${values}`
}

/** One line. @param most changes that are named */
export function diffText({ changes, total }: Diff, most = 10): string {
  const named = changes.slice(0, most).map(changeText)
  const rest = total - named.length
  return `${total} ${total === 1 ? 'change' : 'changes'}: ${named.join('; ')}${rest > 0 ? `; and ${rest} more` : ''}`
}

/** A part's values by key; nested ones are flattened. */
type Values = ReadonlyMap<string, { readonly keys: readonly string[]; readonly value: unknown }>

interface PartValues {
  /** What one recognises it by, in words. */
  readonly told: string
  readonly values: Values
}

/** In their order. */
type Parts = ReadonlyMap<string, PartValues>

function diffParts(part: Part, before: Parts, after: Parts): Change[] {
  const changes: Change[] = []
  for (const [name, { told, values }] of before) {
    const now = after.get(name)
    if (now) changes.push(...diffKeys(part, name, values, now.values))
    else changes.push({ kind: 'removed', part, name, key: undefined, before: told, after: undefined })
  }
  for (const [name, { told }] of after) {
    if (!before.has(name)) changes.push({ kind: 'added', part, name, key: undefined, before: undefined, after: told })
  }
  const places = new Map([...before.keys()].map((name, i) => [name, i]))
  if (isReordered([...after.keys()].flatMap(name => places.get(name) ?? []))) changes.push(reordered(part))
  return changes
}

function diffKeys(part: Part, name: string, before: Values, after: Values): Change[] {
  const changes: Change[] = []
  for (const key of new Set([...before.keys(), ...after.keys()])) {
    const [old, now] = [before.get(key), after.get(key)]
    if (isDeepStrictEqual(old?.value, now?.value)) continue
    const [oldWords, nowWords] = [old && wordsFor(old.keys, old.value), now && wordsFor(now.keys, now.value)]
    const isTellable = oldWords !== nowWords
    const [was, is] = isTellable ? [oldWords, nowWords] : [undefined, undefined]
    changes.push({ kind: 'changed', part, name, key: documentKey((now ?? old)!.keys), before: was, after: is })
  }
  return changes
}

/** Upstreams of pools that were and are there; those of a new pool come with it. */
function diffUpstreams(before: Snapshot, after: Snapshot): Change[] {
  const pools = new Map(after.pools.map(pool => [pool.name, pool]))
  return before.pools.flatMap(pool => {
    const now = pools.get(pool.name)
    if (now === undefined || isDeepStrictEqual(pool.upstreams, now.upstreams)) return []
    return diffParts('upstream', upstreamsOf(pool), upstreamsOf(now))
  })
}

/** Routes have an order, and not all have a name: one without is known by what it matches, or else by its place. */
function diffRoutes(before: Snapshot, after: Snapshot): Change[] {
  const left = new Set(before.routes)
  const alike = taking(left, likeness)
  const sameName = taking(left, ({ name }) => name)
  const byLikeness = after.routes.map(route => alike(route))
  const former = after.routes.map((route, i) => byLikeness[i] ?? sameName(route))
  const gone = [...left].map((route): Change => {
    return {
      kind: 'removed',
      part: 'route',
      name: route.name,
      key: undefined,
      before: toldOf(before, route),
      after: undefined,
    }
  })
  const rest = after.routes.flatMap((route, i): Change[] => {
    const { name } = route
    const was = former[i]
    if (was && isSameRoute(before, was, after, route)) return []
    if (was) return diffKeys('route', name, routeValues(before, was), routeValues(after, route))
    return [{ kind: 'added', part: 'route', name, key: undefined, before: undefined, after: toldOf(after, route) }]
  })
  const placeOf = new Map(before.routes.map((route, i) => [route, i]))
  const places = former.flatMap(route => (route ? placeOf.get(route)! : []))
  return [...gone, ...rest, ...(isReordered(places) ? [reordered('route')] : [])]
}

/** Most are, in a large configuration, and to take them apart would take longest. The number of a pool is none of its values. */
function isSameRoute(before: Snapshot, was: RoutePlan, after: Snapshot, route: RoutePlan): boolean {
  const isSamePool = before.pools[was.pool]?.name === after.pools[route.pool]?.name
  return isSamePool && isDeepStrictEqual({ ...was, pool: 0, name: '' }, { ...route, pool: 0, name: '' })
}

const UNNAMED = /^routes\[\d+\]$/

function likeness({ name, match }: RoutePlan): string {
  return UNNAMED.test(name) ? JSON.stringify(match) : name
}

/** Takes the first of those that are left that has the same key as a route. */
function taking(left: Set<RoutePlan>, keyOf: (route: RoutePlan) => string) {
  const byKey = Map.groupBy(left, keyOf)
  return (route: RoutePlan): RoutePlan | undefined => {
    const found = byKey.get(keyOf(route))?.find(each => left.has(each))
    if (found !== undefined) left.delete(found)
    return found
  }
}

function isReordered(places: readonly number[]): boolean {
  return places.some((place, i) => i > 0 && place < places[i - 1]!)
}

function reordered(part: Part): Change {
  return { kind: 'changed', part: 'setting', name: '', key: `order of ${part}s`, before: undefined, after: undefined }
}

function toldOf(snapshot: Snapshot, { pool, match }: RoutePlan): string {
  return `${match.path} to pool ${snapshot.pools[pool]?.name}`
}

function routeValues(snapshot: Snapshot, { name: _, pool, ...route }: RoutePlan): Values {
  return flat({ pool: snapshot.pools[pool]?.name, ...route })
}

function listenersOf(snapshot: Snapshot): Parts {
  return new Map(
    snapshot.listeners.map(({ name, host, port, ...listener }) => {
      const address = hostPort(host, port)
      return [name, { told: address, values: flat({ address, ...listener }) }]
    }),
  )
}

function poolsOf(snapshot: Snapshot): Parts {
  return new Map(
    snapshot.pools.map(({ name, upstreams, ...pool }) => {
      const told = upstreams.map(each => each.name).join(', ')
      return [name, { told: short(told), values: flat(pool) }]
    }),
  )
}

function upstreamsOf(pool: PoolPlan): Parts {
  return new Map(
    pool.upstreams.map(({ name, tls, host, port, ...upstream }) => {
      const url = `${tls ? 'https' : 'http'}://${hostPort(host, port)}`
      return [`${pool.name}/${name}`, { told: url, values: flat({ url, tls, ...upstream }) }]
    }),
  )
}

function windowsOf({ maintenance = [] }: Snapshot): Parts {
  return new Map(
    maintenance.map(({ name, start, timeZone, length, scope, ...window }) => {
      const { kind: _, ...place } = scope
      const times = length.by === 'elapsed' ? { start, durationMs: length.ms } : { start, end: length.end }
      return [name, { told: `${start} ${timeZone}`, values: flat({ ...place, ...times, timeZone, ...window }) }]
    }),
  )
}

function settingsOf(snapshot: Snapshot): Values {
  const { revision: _r, listeners: _l, routes: _o, pools: _p, maintenance: _m, admin, health, ...settings } = snapshot
  return flat({
    ...settings,
    health: health && addressed(health),
    admin: admin && addressed(admin),
  })
}

function addressed({ host, port, ...rest }: HealthListenerPlan): object {
  return { address: hostPort(host, port), ...rest }
}

/** What is not there, and what is undefined, are the same. Lists are values. */
function flat(
  tree: object,
  above: readonly string[] = [],
  into: Map<string, { keys: string[]; value: unknown }> = new Map(),
): Values {
  for (const [key, value] of Object.entries(tree)) {
    const keys = [...above, key]
    if (value === undefined) continue
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) flat(value, keys, into)
    else into.set(keys.join('.'), { keys, value })
  }
  return into
}

function documentKey(keys: readonly string[]): string {
  return RENAMED[keys.join('.')] ?? keys.map(key => key.replace(/(?:Ms|Bytes|(?<=After)S)$/, '')).join('.')
}

function wordsFor(keys: readonly string[], value: unknown): string {
  const key = keys.at(-1)!
  if (isSecretKey(keys)) return MASK
  if (key === 'ca') return 'certificates'
  if (key === 'logo') return 'an image'
  if (keys.at(-2) === 'clientCertificate' && (key === 'subject' || key === 'issuer'))
    return short(patternWords(value as readonly NamePattern[]))
  if (key === 'certificates') return pairWords(value as readonly CertificateFiles[])
  if (typeof value !== 'number') return short(withoutSecrets(typeof value === 'string' ? value : JSON.stringify(value)))
  if (!Number.isFinite(value)) return 'never'
  if (key.endsWith('Ms')) return formatDuration(value)
  if (key.endsWith('Bytes') || key === 'bytes')
    return value === Number.MAX_SAFE_INTEGER ? 'no limit' : formatSize(value)
  return key === 'retryAfterS' ? formatDuration(value * 1000) : String(value)
}

/** `CN=edi, O=Partner`, of several with `or` between. */
function patternWords(patterns: readonly NamePattern[]): string {
  const words = patterns.map(each => each.map(([type, value]) => `${type.toUpperCase()}=${value}`).join(', '))
  return words.join(' or ') || 'any'
}

function pairWords(pairs: readonly CertificateFiles[]): string {
  return short(pairs.map(({ certFile }) => certFile).join(', ')) || 'none of its own'
}

function short(text: string): string {
  return text.length <= LONGEST_VALUE ? text : `${text.slice(0, LONGEST_VALUE - 3)}...`
}
