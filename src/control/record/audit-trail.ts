// What goes into the audit without anybody having asked vigia for it: ejections, deadlines, nodes that ask for themselves, windows,
// configurations, start and stop. It words rows; what people order is written by recorded-operations.ts, with the order itself.

import { changeText, type Diff, diffText } from '../../config/shown/diff.ts'
import type { UpstreamState } from '../../policy/upstream/availability.ts'
import type { HoldSource, Holds } from '../../policy/upstream/holds.ts'
import type { AuditEntry, AuditSource, Change } from '../../store/contract.ts'
import { iso } from '../../util/words.ts'
import { told } from '../orders/recorded-operations.ts'
import type { Entry } from '../upstreams/entry.ts'
import { HOLD, WEIGHT } from './kept-overrides.ts'

const VIGIA = 'vigia'

/** Of holds that no operator has just ordered. @param before the upstream's holds until now */
export function holdRows({ pool, plan, holds }: Entry, before: Holds, nowMs: number): AuditEntry[] {
  const subject = `${pool}/${plan.name}`
  const sources = new Set([...before, ...holds].map(({ source }) => source))
  return [...sources].flatMap(source => {
    const was = before.find(each => each.source === source)
    const is = holds.find(each => each.source === source)
    if (was === is || (was?.status === is?.status && was?.reason === is?.reason)) return []
    const isDue = was?.status === 'draining' && is?.status === 'disabled' && (is.deadlineMs ?? Infinity) <= nowMs
    // An operator's own orders are in the audit already.
    if (source === 'operator' && !isDue) return []
    const action = is === undefined ? 'enable' : is.status === 'draining' ? 'drain' : 'disable'
    const reason = isDue ? `the deadline of the drain has come: ${is.reason}` : (is ?? was)?.reason
    return {
      atMs: nowMs,
      actor: (is ?? was)?.by ?? VIGIA,
      source: SOURCES[source] ?? 'automatic',
      action: `upstream.${action}`,
      subject,
      reason,
      before: told(was),
      after: told(is),
    }
  })
}

/** A window's own holds come with the clock; all others by themselves. */
const SOURCES: Readonly<Partial<Record<HoldSource | 'window', AuditSource>>> = { window: 'schedule' }

const OUTLIER_ACTIONS = {
  ejected: 'upstream.eject',
  probation: 'upstream.probation',
  admitted: 'upstream.admit',
} as const

/** Passive health has ejected an upstream, or lets it return. */
export function outlierRow({ pool, plan, state }: Entry, before: UpstreamState['outlier'], atMs: number): AuditEntry {
  const { outlier } = state
  return {
    atMs,
    actor: VIGIA,
    source: 'automatic',
    action: OUTLIER_ACTIONS[outlier.status],
    subject: `${pool}/${plan.name}`,
    reason: 'reason' in outlier ? outlier.reason : '',
    before: before.status,
    after: outlier.status === 'ejected' ? { ejected: iso(outlier.untilMs) } : outlier.status,
  }
}

/** What operators ordered for an upstream that has left the configuration; undefined = nothing. */
export function forgottenOrders({ pool, plan, holds, weightOverride }: Entry, atMs: number): Change | undefined {
  const hold = holds.find(({ source }) => source === 'operator')
  if (hold === undefined && weightOverride === undefined) return undefined
  const key = { op: 'remove', pool, upstream: plan.name } as const
  const row: AuditEntry = {
    atMs,
    actor: VIGIA,
    source: 'automatic',
    action: 'upstream.forget',
    subject: `${pool}/${plan.name}`,
    reason: 'the configuration does not name it any more: what was ordered for it is forgotten',
    before: { hold: told(hold), weight: weightOverride?.value ?? null },
  }
  return {
    audit: [row],
    overrides: [
      { ...key, kind: HOLD },
      { ...key, kind: WEIGHT },
    ],
  }
}

/** A pool with `failback: manual` has moved on to a later priority. */
export function failoverRow(pool: string, priority: number, atMs: number): AuditEntry {
  return {
    atMs,
    actor: VIGIA,
    source: 'automatic',
    action: 'pool.failover',
    subject: pool,
    reason: 'nothing before this priority takes work',
    after: { priority },
  }
}

export function startRow(version: string, hash: string | undefined, atMs: number): AuditEntry {
  return {
    atMs,
    actor: VIGIA,
    source: 'startup',
    action: 'vigia.start',
    subject: VIGIA,
    after: { version, configuration: hash ?? null, process: process.pid },
  }
}

export function stopRow(by: string, cut: number, atMs: number): AuditEntry {
  return { atMs, actor: by, source: 'signal', action: 'vigia.stop', subject: VIGIA, after: { cut } }
}

/** Another configuration is in use. */
export function configurationRow(
  { actor, source, reason }: Pick<AuditEntry, 'actor' | 'source' | 'reason'>,
  revision: { readonly before: number; readonly after: number },
  diff: Diff,
  more: object = {},
): AuditEntry {
  return {
    actor,
    source,
    action: 'configuration.apply',
    subject: 'configuration',
    reason: reason ?? diffText(diff),
    before: { revision: revision.before },
    after: { revision: revision.after, changes: diff.changes.map(changeText), ...more },
  }
}
