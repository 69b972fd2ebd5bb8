// The configuration over time: checks a text, applies it, tells what was applied before and what differs, goes back. A text is judged as
// the file would be; secrets are masked in whatever leaves here. How a snapshot is put into use is reload.ts's business.

import type {
  AppliedReport,
  ApplyOrder,
  ApplyReport,
  CheckReport,
  ConfigurationHistory,
  DiffReport,
  Found,
  NotFound,
} from '../../admin/contract/records-view.ts'
import { formatProblem } from '../../config/forms/problem.ts'
import { type Loaded, type LoadedSnapshot, loadBytes } from '../../config/read/load.ts'
import { changeText, type Diff, diffSnapshots } from '../../config/shown/diff.ts'
import { maskConfiguration } from '../../config/shown/mask.ts'
import type { ConfigurationRow } from '../../store/contract.ts'
import { iso } from '../../util/words.ts'
import type { Reloader } from '../configuration/reload.ts'
import { replaceFile } from '../configuration/replace-file.ts'
import { hashOf } from '../record/record-keeping.ts'
import { NotRecorded, type Records } from '../record/records.ts'
import { found, rows } from '../report/records-view.ts'

export interface ConfigurationsOptions {
  readonly reloader: Reloader
  readonly records: Records
  /** The configuration file: texts are judged as if they stood there. */
  readonly file: string
}

export function createConfigurations({ reloader, records, file }: ConfigurationsOptions): ConfigurationHistory {
  const load = (text: string): Loaded => loadBytes(new TextEncoder().encode(text), file, process.env)
  const running = () => reloader.loaded

  /** A text of the history, or what is in use. */
  async function loaded(id: number | undefined): Promise<LoadedSnapshot | NotFound> {
    if (id === undefined) return running()
    const stored = await textOf(id)
    if (!stored.ok) return stored
    const candidate = load(stored.text)
    if (candidate.ok) return candidate
    return conflict(`configuration ${id} can't be read any more: ${formatProblem(candidate.problems[0]!)}`)
  }

  async function textOf(id: number): Promise<Found<{ readonly text: string }>> {
    const stored = await found(async () => ({ row: await records.query(store => store.configuration(id)) }))
    if (!stored.ok) return stored
    const { row } = stored
    const detail = `there is no configuration ${id} in the history: it was never applied, or is kept no longer`
    return row === undefined ? { ok: false, refused: 'unknown', detail } : { ok: true, text: row.text }
  }

  /** Written down before anything changes; what came of it is written when it is known. */
  async function apply(text: string, order: ApplyOrder, action: string, to: object): Promise<Found<ApplyReport>> {
    const candidate = load(text)
    if (!candidate.ok) return applied({ result: 'refused', problems: candidate.problems.map(formatProblem) }, false)
    const { by, reason, source = 'api', unrecorded = false, override = false, write } = order
    const diff = diffSnapshots(running().snapshot, candidate.snapshot)
    const audit = { actor: by, source, action, subject: 'configuration', reason } as const
    const before = { hash: hashOf(running().text) }
    const after = { ...to, hash: hashOf(text), write, ...tellDiff(diff) }
    try {
      await records.order({ audit: [{ ...audit, before, after }] }, { unrecorded }, () => {})
    } catch (error) {
      if (!(error instanceof NotRecorded)) throw error
      return { ok: false, refused: 'unavailable', detail: error.message }
    }
    const outcome = await reloader.use(candidate, { source, by, reason, override })
    if (outcome.result === 'refused') {
      records.later({ audit: [{ ...audit, action: 'configuration.refused', after: { problems: outcome.problems } }] })
      return applied(outcome, false)
    }
    if (!write) return applied(outcome, false)
    const failure = await replaceFile(file, text)
    return failure === undefined ? applied(outcome, true) : conflict(`it is in use, but ${failure}; ${noteOf(false)}`)
  }

  function applied(outcome: ApplyReport['outcome'], written: boolean): Found<ApplyReport> {
    const note = outcome.result === 'refused' ? 'nothing was changed' : noteOf(written)
    return { ok: true, outcome, written, note }
  }

  function noteOf(written: boolean): string {
    return written
      ? `${file} says the same now`
      : `${file} was not changed: what it says counts again at the next reload or start`
  }

  return {
    running: () => reloader.masked(),
    check(text): CheckReport {
      const candidate = load(text)
      const all = candidate.ok ? candidate.warnings : candidate.problems
      const problems = all.map(({ file: _, ...problem }) => problem)
      const diff = candidate.ok ? tellDiff(diffSnapshots(running().snapshot, candidate.snapshot)) : null
      return { valid: candidate.ok, problems, diff }
    },
    apply: (text, order) => apply(text, order, 'configuration.order', {}),
    history: query => rows(records, store => store.configurations(known(query)), reportApplied),
    async text(id) {
      const stored = await textOf(id)
      return stored.ok ? { ok: true, text: maskConfiguration(stored.text) } : stored
    },
    async diff(from, to): Promise<Found<DiffReport>> {
      const [before, after] = [await loaded(from), await loaded(to)]
      if ('refused' in before) return before
      if ('refused' in after) return after
      return { ok: true, ...tellDiff(diffSnapshots(before.snapshot, after.snapshot)) }
    },
    async rollback(id, order) {
      const stored = await textOf(id)
      return stored.ok ? apply(stored.text, order, 'configuration.rollback', { id }) : stored
    },
  }
}

function tellDiff({ changes, total }: Diff): DiffReport {
  return { changes: changes.map(changeText), total }
}

function reportApplied({ id, atMs, actor, source, revision, summary, hash }: ConfigurationRow): AppliedReport {
  return { id, at: iso(atMs), actor, source, revision, summary, hash }
}

function known({ limit, cursor }: { readonly limit?: number | undefined; readonly cursor?: number | undefined }) {
  return { ...(limit === undefined ? {} : { limit }), ...(cursor === undefined ? {} : { cursor }) }
}

function conflict(detail: string): NotFound {
  return { ok: false, refused: 'conflict', detail }
}
