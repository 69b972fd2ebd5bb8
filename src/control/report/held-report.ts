// What integrations and held requests are to people: each integration measured as a pool of its own, and a held request with as much of it
// as its reader may know.

import { isUtf8 } from 'node:buffer'
import type {
  HeldContentReport,
  HeldDetailReport,
  HeldReport,
  HeldRowReport,
  HeldStoreReport,
  IntegrationReport,
  IntegrationsReport,
  PauseReport,
  ShownBody,
  ShownFields,
} from '../../admin/contract/held.ts'
import type { StatusClasses } from '../../admin/contract/upstreams.ts'
import type { HeldDetail, HeldRow, RouteCounts } from '../../held/contract.ts'
import type { HeldSamples } from '../../metrics/source.ts'
import type { Snapshot } from '../../plan/snapshot.ts'
import { isPlain, isSecret } from '../../policy/hold/shown-fields.ts'
import { ROUTE_OF_NONE } from '../../shared/counter-cells.ts'
import type { CounterTable } from '../../shared/counters.ts'
import type { Slots } from '../../shared/messages.ts'
import { iso } from '../../util/words.ts'
import { type Gates, GONE } from '../held/gates.ts'
import type { Held } from '../held/held.ts'
import type { Pauses } from '../held/pauses.ts'

export interface HeldSources {
  readonly held: Pick<Held, 'counts' | 'health' | 'plans' | 'rate' | 'requests' | 'callbacks'>
  readonly pauses: Pick<Pauses, 'of' | 'all' | 'tally'>
  readonly gates: Pick<Gates, 'of'>
  readonly inUse: { readonly snapshot: Pick<Snapshot, 'routes' | 'pools'>; readonly slots: Slots }
  readonly counters: CounterTable
}

export function integrationsReport(sources: HeldSources, nowMs = Date.now()): IntegrationsReport {
  const { held, pauses, inUse } = sources
  const { routes, pools } = inUse.snapshot
  const counts = held.counts()
  const isOne = ({ name, hold, integration }: Snapshot['routes'][number]) =>
    hold !== undefined || integration === true || pauses.of(name) !== undefined || counts.has(name)
  const named = routes.flatMap((route, i) =>
    isOne(route) ? [report(sources, route.name, pools[route.pool]!.name, inUse.slots.routes?.[i], nowMs)] : [],
  )
  // What is held for a route that is gone waits until it is there again, or for its end.
  const names = new Set(routes.map(({ name }) => name))
  const gone = new Set([...counts.keys(), ...pauses.all().map(({ route }) => route)].filter(name => !names.has(name)))
  return {
    integrations: [...named, ...[...gone].map(name => report(sources, name, null, undefined, nowMs))],
    store: storeReport(held),
  }
}

export function integrationReport(sources: HeldSources, route: string): IntegrationReport {
  return (
    integrationsReport(sources).integrations.find(each => each.route === route) ??
    report(sources, route, poolOf(sources, route), undefined, Date.now())
  )
}

function poolOf({ inUse: { snapshot } }: HeldSources, name: string): string | null {
  const route = snapshot.routes.find(each => each.name === name)
  return route === undefined ? null : snapshot.pools[route.pool]!.name
}

function storeReport({ requests, health, callbacks }: HeldSources['held']): HeldStoreReport | null {
  if (requests === undefined) return null
  const isOk = health.status === 'ok'
  return {
    state: health.status,
    reason: isOk ? null : health.reason,
    since: isOk ? null : iso(health.sinceMs),
    callbacks,
  }
}

function report(
  sources: HeldSources,
  route: string,
  pool: string | null,
  slot: number | undefined,
  nowMs: number,
): IntegrationReport {
  const answers = toClients(answersOf(sources.counters, slot ?? ROUTE_OF_NONE), sources.held.counts().get(route))
  const all = Object.values(answers).reduce((sum, count) => sum + count, 0)
  return {
    ...{ route, pool, paused: pauseReport(sources, route), held: heldReport(sources, route, nowMs) },
    answers,
    availability: all === 0 ? null : (all - answers['5xx']) / all,
  }
}

function pauseReport({ pauses }: HeldSources, route: string): PauseReport | null {
  const pause = pauses.of(route)
  if (pause === undefined) return null
  const { by, reason, sinceMs, untilMs } = pause
  const { held, refused, forwarded } = pauses.tally(route) ?? {}
  const meanwhile =
    held === undefined || refused === undefined || forwarded === undefined ? null : { held, refused, forwarded }
  return { by, reason, since: iso(sinceMs), until: isoOrNull(untilMs), meanwhile }
}

function heldReport({ held, gates }: HeldSources, route: string, nowMs: number): HeldReport | null {
  const counts = held.counts().get(route)
  if (counts === undefined && !held.plans.has(route)) return null
  const { waiting, sending, inDoubt, dead, bytes, oldestMs, emptyMs, totals } = counts ?? NOTHING
  const gate = gates.of(route) ?? GONE
  return {
    ...{ waiting, sending, inDoubt, dead, bytes, totals },
    oldestS: oldestMs === undefined ? null : Math.max(0, Math.round((nowMs - oldestMs) / 1000)),
    perSecond: Math.round(held.rate(route) * 100) / 100,
    emptyAt: waiting + sending === 0 ? null : isoOrNull(emptyMs),
    gate: gate.open
      ? { open: true, why: null, until: null }
      : { open: false, why: gate.why, until: isoOrNull(gate.untilMs) },
  }
}

const NOTHING = {
  ...{ waiting: 0, sending: 0, inDoubt: 0, dead: 0, bytes: 0, oldestMs: undefined, emptyMs: undefined },
  totals: {
    ...{ held: 0, repeats: 0, refused: 0, forwarded: 0, dead: 0, inDoubt: 0, dropped: 0 },
    answered: { '2xx': 0, '3xx': 0, '4xx': 0, '5xx': 0 },
  },
}

/** What upstreams have answered to held requests is counted as well: no client got that. */
function toClients(answers: StatusClasses, counts: RouteCounts | undefined): StatusClasses {
  if (counts === undefined) return answers
  const less = (of: '2xx' | '3xx' | '4xx' | '5xx') => Math.max(0, answers[of] - counts.totals.answered[of])
  return { '1xx': answers['1xx'], '2xx': less('2xx'), '3xx': less('3xx'), '4xx': less('4xx'), '5xx': less('5xx') }
}

/** Routes beyond the slots share one: of them nothing can be said. */
function answersOf(counters: CounterTable, slot: number): StatusClasses {
  const of = (statusClass: number) =>
    slot === ROUTE_OF_NONE
      ? 0
      : counters.routeTotal(slot, statusClass, true) + counters.routeTotal(slot, statusClass, false)
  return { '1xx': of(1), '2xx': of(2), '3xx': of(3), '4xx': of(4), '5xx': of(5) }
}

export function heldSamples(sources: HeldSources, nowMs: number): HeldSamples {
  const { integrations, store } = integrationsReport(sources, nowMs)
  return {
    up: store === null ? undefined : store.state === 'ok',
    callbacks: store?.callbacks ?? 0,
    routes: integrations.map(({ route, paused, held }) => ({
      name: route,
      paused: paused !== null,
      gateOpen: held?.gate.open,
      counts: held === null ? undefined : { ...held, oldestS: held.oldestS ?? 0, emptyS: emptyS(held, nowMs) },
    })),
  }
}

function emptyS({ waiting, sending, emptyAt }: HeldReport, nowMs: number): number | undefined {
  if (waiting + sending === 0) return 0
  return emptyAt === null ? undefined : Math.max(0, (Date.parse(emptyAt) - nowMs) / 1000)
}

export function rowReport(row: HeldRow): HeldRowReport {
  const { receivedMs, expiresMs, notBeforeMs, endedMs, keyText, status, upstream, state } = row
  const { id, route, method, path, client, requestId, bodyBytes, attempts, note } = row
  return {
    ...{ id, route, key: keyText, state, method, path, client, requestId, bodyBytes },
    receivedAt: iso(receivedMs),
    expiresAt: iso(expiresMs),
    attempts,
    nextAt: state === 'waiting' ? isoOrNull(notBeforeMs) : null,
    status: status ?? null,
    upstream: upstream ?? null,
    endedAt: isoOrNull(endedMs),
    note,
  }
}

/** For whoever may see what there is, but not what it says. */
export function detailReport(detail: HeldDetail): HeldDetailReport {
  const { fields, result } = detail
  const masked = (all: readonly string[]) => shown(all, name => isPlain(name))
  return { ...rowReport(detail), fields: masked(fields), result: result ? { fields: masked(result.fields) } : null }
}

/** For whoever may read it. Secrets by which its client is known to others are nobody's. */
export function contentReport(detail: HeldDetail): HeldContentReport {
  const { fields, body, result } = detail
  const most = (all: readonly string[]) => shown(all, name => !isSecret(name))
  return {
    ...rowReport(detail),
    fields: most(fields),
    body: shownBody(body),
    result: result ? { fields: most(result.fields), body: shownBody(result.body) } : null,
  }
}

function shown(fields: readonly string[], isShown: (name: string) => boolean): ShownFields {
  const pairs: (readonly [string, string | null])[] = []
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const [name, value] = [fields[i]!, fields[i + 1]!]
    pairs.push([name, isShown(name.toLowerCase()) ? value : null])
  }
  return pairs
}

function shownBody(body: Uint8Array | undefined): ShownBody {
  const bytes = Buffer.from(body ?? [])
  return isUtf8(bytes) ? { text: bytes.toString() } : { base64: bytes.toString('base64') }
}

function isoOrNull(epochMs: number | undefined): string | null {
  return epochMs === undefined ? null : iso(epochMs)
}
