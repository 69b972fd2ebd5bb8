// Rows of the audit for what nobody has ordered: ejections, deadlines, nodes that ask for themselves, windows, configurations, start
// and stop. It words rows; those of orders are in order-rows.ts.

import { createHash } from 'node:crypto'
import { changeText, diffText } from '../../config/shown/diff.ts'
import type { UpstreamState } from '../../policy/upstream/availability.ts'
import type { Hold, HoldSource, Holds } from '../../policy/upstream/holds.ts'
import type { AuditEntry, AuditSource, Change } from '../../store/contract.ts'
import type { CertificateFacts } from '../../tls/certificate.ts'
import type { AuthorityFacts } from '../../tls/client-authorities.ts'
import { iso } from '../../util/words.ts'
import type { SwappedAuthorities, SwappedCertificate } from '../certificates/certificate-event.ts'
import { stepWords } from '../events/clock-words.ts'
import type { ClockStepEvent } from '../events/event.ts'
import type { AppliedConfiguration, ConfigurationSource, ReloadRequest } from '../events/reload-event.ts'
import type { Entry } from '../upstreams/entry.ts'
import type { UpstreamEvent } from '../upstreams/upstream-event.ts'
import { BY_SCHEDULE, type WindowEvent } from '../windows/window-event.ts'
import { HOLD, WEIGHT } from './kept-overrides.ts'

export const VIGIA = 'vigia'

/** @param before the upstream's holds until now */
export function holdRows({ pool, plan, holds }: Entry, before: Holds, nowMs: number): AuditEntry[] {
  const subject = `${pool}/${plan.name}`
  const sources = new Set([...before, ...holds].map(({ source }) => source))
  return [...sources].flatMap(source => {
    const was = before.find(each => each.source === source)
    const is = holds.find(each => each.source === source)
    if (was === is || (was?.status === is?.status && was?.reason === is?.reason)) return []
    const isDue = was?.status === 'draining' && is?.status === 'disabled' && (is.deadlineMs ?? Infinity) <= nowMs
    const action = is === undefined ? 'enable' : is.status === 'draining' ? 'drain' : 'disable'
    const reason = isDue ? `the deadline of the drain has come: ${is.reason}` : (is ?? was)?.reason
    return {
      atMs: nowMs,
      actor: (is ?? was)?.by ?? VIGIA,
      source: SOURCES[source] ?? 'automatic',
      action: `upstream.${action}`,
      subject,
      reason,
      before: auditedHold(was),
      after: auditedHold(is),
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

/** The wall clock was set. */
export function clockStepRow({ atMs, byMs }: ClockStepEvent): AuditEntry {
  return {
    atMs,
    actor: VIGIA,
    source: 'automatic',
    action: 'clock.step',
    subject: VIGIA,
    reason: `the clock was set ${stepWords(byMs)}, or the machine was suspended`,
    before: { time: iso(atMs - byMs) },
    after: { time: iso(atMs) },
  }
}

/** Its files hold another certificate. */
export function certificateRow({ files, before, now }: SwappedCertificate, atMs: number): AuditEntry {
  const audited = ({ names, issuer, untilMs, fingerprint }: CertificateFacts) => ({
    ...{ names, issuer, fingerprint },
    until: iso(untilMs),
  })
  return {
    atMs,
    actor: VIGIA,
    source: 'file',
    action: 'certificate.swap',
    subject: now.names[0] ?? files.certFile,
    reason: `its files hold another one: ${files.certFile}`,
    before: audited(before),
    after: audited(now),
  }
}

/** Other authorities of clients count, or other lists of them. */
export function authoritiesRow({ files, before, now }: SwappedAuthorities, atMs: number): AuditEntry {
  const audited = (all: readonly AuthorityFacts[]) => ({
    authorities: all.map(({ kind, name, untilMs, revoked }) => ({
      ...{ kind, name },
      until: untilMs === undefined ? null : iso(untilMs),
      ...(revoked !== undefined && { revoked }),
    })),
  })
  return {
    atMs,
    actor: VIGIA,
    source: 'file',
    action: 'certificate.authorities',
    subject: files.caFile,
    reason: `the files hold others: ${[files.caFile, files.revokedFile].filter(file => file !== undefined).join(', ')}`,
    before: audited(before),
    after: audited(now),
  }
}

/** The deadline of an operator's drain has moved with the clock. */
export function deadlineRow(
  { pool, upstream, before, after }: Extract<UpstreamEvent, { type: 'deadline-moved' }>,
  atMs: number,
): AuditEntry {
  return {
    atMs,
    actor: VIGIA,
    source: 'automatic',
    action: after.status === 'draining' ? 'upstream.drain' : 'upstream.disable',
    subject: `${pool}/${upstream}`,
    reason: `the clock was set: the drain has as long as it had: ${after.reason}`,
    before: auditedHold(before),
    after: auditedHold(after),
  }
}

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
    before: { hold: auditedHold(hold), weight: weightOverride?.value ?? null },
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

/** What has become of a window. */
export function windowRow({
  atMs,
  window,
  kind,
  occurrence,
  by,
  reason,
  cause,
  source = 'api',
}: WindowEvent): AuditEntry {
  return {
    atMs,
    actor: by,
    source: by === BY_SCHEDULE ? 'schedule' : source,
    action: `window.${kind}`,
    subject: window,
    reason: reason === '' ? cause : reason,
    after: { occurrence: occurrence ?? null, what: cause },
  }
}

export function startRow(version: string, text: string | undefined, atMs: number): AuditEntry {
  return {
    atMs,
    actor: VIGIA,
    source: 'startup',
    action: 'vigia.start',
    subject: VIGIA,
    after: { version, configuration: text === undefined ? null : hashOf(text), process: process.pid },
  }
}

export function stopRow(by: string, cut: number, atMs: number): AuditEntry {
  return { atMs, actor: by, source: 'signal', action: 'vigia.stop', subject: VIGIA, after: { cut } }
}

const RELOAD_SOURCES: Readonly<Record<ConfigurationSource, AuditSource>> = {
  start: 'startup',
  file: 'file',
  signal: 'signal',
  api: 'api',
  cli: 'cli',
  program: 'automatic',
}

/** Another configuration is in use. @param revision of it */
export function appliedConfiguration(
  { source: from, by, reason }: ReloadRequest,
  { loaded, former, diff }: AppliedConfiguration,
  revision: number,
): Change {
  const actor = by ?? (from === 'signal' ? 'SIGHUP' : VIGIA)
  const source = RELOAD_SOURCES[from]
  const { text } = loaded
  const row: AuditEntry = {
    actor,
    source,
    action: 'configuration.apply',
    subject: 'configuration',
    reason: reason ?? diffText(diff),
    before: { revision: former },
    after: { revision, changes: diff.changes.map(changeText), hash: hashOf(text) },
  }
  const summary = reason === undefined ? diffText(diff) : `${reason}; ${diffText(diff)}`
  return { audit: [row], configuration: { actor, source, revision, text, summary } }
}

/** Vigia was started with a configuration that is not the newest of the history. @param latest that one; undefined = there is none */
export function startedConfiguration(
  text: string,
  revision: number,
  latest: { readonly id: number; readonly hash: string } | undefined,
): Change {
  const who = { actor: VIGIA, source: 'startup' } as const
  const reason = 'vigia was started with it'
  const row: AuditEntry = {
    ...who,
    action: 'configuration.apply',
    subject: 'configuration',
    reason,
    before: latest === undefined ? null : { id: latest.id, hash: latest.hash },
    after: { revision, hash: hashOf(text) },
  }
  return { audit: [row], configuration: { ...who, revision, text, summary: reason } }
}

/** As the store writes it. */
export function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

/** What an auditor reads of a hold; null = there is none. */
export function auditedHold(hold: Hold | undefined): object | null {
  if (hold === undefined) return null
  const { status, reason, by, deadlineMs } = hold
  return { status, reason, by, ...(deadlineMs === undefined ? {} : { deadline: iso(deadlineMs) }) }
}
