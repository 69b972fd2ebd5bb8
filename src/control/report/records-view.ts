// Answers what admin asks of the record: asks the store, words times. It decides nothing.

import type {
  AuditReport,
  Found,
  HistoryView,
  IncidentReport,
  Rows,
  TransitionReport,
} from '../../admin/contract/history.ts'
import type { AuditRow, IncidentRow, Page, Store, TransitionRow } from '../../store/contract.ts'
import { StoreError } from '../../store/store-error.ts'
import { iso } from '../../util/words.ts'
import type { Records } from '../record/records.ts'

export function createRecordsView(records: Records): HistoryView {
  return {
    audit: query => rows(records, store => store.audit(defined(query)), reportAudit),
    transitions: query => rows(records, store => store.transitions(defined(query)), reportTransition),
    incidents: query => rows(records, store => store.incidents(defined(query)), reportIncident),
  }
}

/** A page of the store as admin shows it. */
export function rows<Row, Report>(
  records: Records,
  ask: (store: Store) => Promise<Page<Row>>,
  report: (row: Row) => Report,
): Promise<Found<Rows<Report>>> {
  return found(async () => {
    const page = await records.query(ask)
    return { rows: page.rows.map(report), next: page.next ?? null }
  })
}

export async function found<T extends object>(ask: () => Promise<T>): Promise<Found<T>> {
  try {
    return { ok: true, ...(await ask()) }
  } catch (error) {
    if (!(error instanceof StoreError)) throw error
    return { ok: false, refused: 'unavailable', detail: error.message }
  }
}

/** The store tells what is missing from what is undefined. */
export function defined<Q extends object>(query: Q): { [K in keyof Q]?: Exclude<Q[K], undefined> } {
  return Object.fromEntries(Object.entries(query).filter(([, value]) => value !== undefined)) as never
}

function reportAudit({ seq, atMs, ...row }: AuditRow): AuditReport {
  return { seq, at: iso(atMs), ...row }
}

function reportTransition({ id, atMs, detail, ...row }: TransitionRow): TransitionReport {
  const by = typeof detail === 'object' && detail !== null ? (detail as { by?: unknown }).by : undefined
  return { id, at: iso(atMs), ...row, by: typeof by === 'string' ? by : null }
}

function reportIncident({ id, atMs, endMs, pool, upstream, kind, cause }: IncidentRow): IncidentReport {
  const end = endMs === undefined ? null : iso(endMs)
  return { id, at: iso(atMs), end, pool, upstream: upstream ?? null, kind, cause }
}
