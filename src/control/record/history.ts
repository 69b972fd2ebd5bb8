// What vigia has kept, as admin shows it: asks the store, words times. It decides nothing.

import type { AppliedReport } from '../../admin/contract/configurations.ts'
import type {
  AuditReport,
  Found,
  HistoryView,
  IncidentReport,
  Rows,
  RowsQuery,
  TransitionReport,
} from '../../admin/contract/history.ts'
import type { AuditRow, ConfigurationRow, IncidentRow, Page, Store, TransitionRow } from '../../store/contract.ts'
import { StoreError } from '../../store/store-error.ts'
import { refuse } from '../../util/refusal.ts'
import { iso } from '../../util/words.ts'
import type { Records } from './records.ts'

export function createHistoryView(records: Records): HistoryView {
  return {
    audit: query => rows(records, store => store.audit(defined(query)), reportAudit),
    transitions: query => rows(records, store => store.transitions(defined(query)), reportTransition),
    incidents: query => rows(records, store => store.incidents(defined(query)), reportIncident),
  }
}

/** Configurations that were applied, newest first. */
export function configurationsApplied(records: Records, query: RowsQuery): Promise<Found<Rows<AppliedReport>>> {
  return rows(records, store => store.configurations(defined(query)), reportApplied)
}

/** As it was written, secrets and all. */
export async function configurationText(records: Records, id: number): Promise<Found<{ readonly text: string }>> {
  const stored = await found(async () => ({ row: await records.query(store => store.configuration(id)) }))
  if (!stored.ok) return stored
  const { row } = stored
  return row === undefined
    ? refuse('unknown', `there is no configuration ${id} in the history: it was never applied, or is kept no longer`)
    : { ok: true, text: row.text }
}

/** A page of the store as admin shows it. */
function rows<Row, Report>(
  records: Records,
  ask: (store: Store) => Promise<Page<Row>>,
  report: (row: Row) => Report,
): Promise<Found<Rows<Report>>> {
  return found(async () => {
    const page = await records.query(ask)
    return { rows: page.rows.map(report), next: page.next ?? null }
  })
}

async function found<T extends object>(ask: () => Promise<T>): Promise<Found<T>> {
  try {
    return { ok: true, ...(await ask()) }
  } catch (error) {
    if (!(error instanceof StoreError)) throw error
    return refuse('unavailable', error.message)
  }
}

/** The store tells what is missing from what is undefined. */
function defined<Q extends object>(query: Q): { [K in keyof Q]?: Exclude<Q[K], undefined> } {
  return Object.fromEntries(Object.entries(query).filter(([, value]) => value !== undefined)) as never
}

function reportAudit({ seq, atMs, ...row }: AuditRow): AuditReport {
  return { seq, at: iso(atMs), ...row }
}

function reportTransition({ id, atMs, detail, ...row }: TransitionRow): TransitionReport {
  const by = typeof detail === 'object' && detail !== null ? (detail as { by?: unknown }).by : undefined
  return { id, at: iso(atMs), ...row, by: typeof by === 'string' ? by : null }
}

function reportIncident({ id, atMs, endMs, pool, upstream, kind, cause, detail }: IncidentRow): IncidentReport {
  const end = endMs === undefined ? null : iso(endMs)
  const durationMs = endMs === undefined ? null : endMs - atMs
  const failed = typeof detail === 'object' && detail !== null ? (detail as { failed?: unknown }).failed : undefined
  const report = { id, at: iso(atMs), end, durationMs, pool, upstream: upstream ?? null, kind, cause }
  return { ...report, failed: typeof failed === 'number' ? failed : null }
}

function reportApplied({ id, atMs, actor, source, revision, summary, hash }: ConfigurationRow): AppliedReport {
  return { id, at: iso(atMs), actor, source, revision, summary, hash }
}
