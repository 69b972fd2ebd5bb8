// Configurations over the admin API: checks a text, applies it, tells what was applied before and what differs, goes back. A text is
// judged as the file would be; secrets are masked in whatever leaves here. To apply one is an order like any other.

import type {
  ApplyOrder,
  ApplyReport,
  CheckReport,
  Configurations,
  DiffReport,
} from '../../admin/contract/configurations.ts'
import type { Found } from '../../admin/contract/history.ts'
import { maskAside, readAside } from '../../config/aside/aside.ts'
import { compare } from '../../config/aside/jobs.ts'
import { formatProblem } from '../../config/forms/problem.ts'
import type { Grants } from '../../config/read/grants.ts'
import { changeText, type Diff } from '../../config/shown/diff.ts'
import type { Snapshot } from '../../plan/snapshot.ts'
import { refuse } from '../../util/refusal.ts'
import type { Reloader } from '../configuration/reload.ts'
import { configurationsApplied, configurationText } from '../record/history.ts'
import type { Records } from '../record/records.ts'
import type { Orders } from './carry-out.ts'
import type { Used } from './use-configuration.ts'

export interface ConfigurationsOptions {
  readonly orders: Orders<Used>
  readonly reloader: Pick<Reloader, 'loaded' | 'masked' | 'grants'>
  readonly records: Records
  /** The configuration file: texts are judged as if they stood there. */
  readonly file: string
}

export function createConfigurations({ orders, reloader, records, file }: ConfigurationsOptions): Configurations {
  const read = (text: string, against?: Snapshot, grants?: Grants) =>
    readAside({ text, file, env: process.env, grants }, against)
  const running = () => reloader.loaded

  /** A text of the history, or what is in use. @param against what it is compared with */
  async function readAgain(id: number | undefined, against?: Snapshot) {
    if (id === undefined) {
      const { snapshot } = running()
      return { snapshot, diff: against && compare(against, snapshot).diff }
    }
    const stored = await configurationText(records, id)
    if (!stored.ok) return stored
    const { loaded, comparison } = await read(stored.text, against)
    if (loaded.ok) return { snapshot: loaded.snapshot, diff: comparison?.diff }
    return refuse('conflict', `configuration ${id} can't be read any more: ${formatProblem(loaded.problems[0]!)}`)
  }

  /** @param id its id in the history, where it comes from there */
  async function apply(text: string, id: number | undefined, order: ApplyOrder): Promise<Found<ApplyReport>> {
    const against = running().snapshot
    // What was in use before may be used again.
    const { loaded, comparison } = await read(text, against, id === undefined ? reloader.grants : undefined)
    if (!loaded.ok) {
      const problems = loaded.problems.map(formatProblem)
      return report({ outcome: { result: 'refused', problems }, isWritten: false, failure: undefined })
    }
    const { write, override = false } = order
    if (write && loaded.own === undefined) return refuse('conflict', SEVERAL_FILES)
    const decide = () => {
      const former = running()
      // Another one may be in use by now.
      const isFresh = former.snapshot === against && comparison !== undefined
      const changes = isFresh ? comparison : compare(former.snapshot, loaded.snapshot)
      return [{ kind: 'configuration', loaded, former, changes, id, write, override } as const]
    }
    const dropped = reloader.grants.includes.filter(each => !loaded.grants.includes.includes(each))
    return orders.carryOut(order, decide, async (_, used) => report(await used!, dropped))
  }

  /** @param dropped what the file has included, and would no more */
  function report({ outcome, isWritten, failure }: Used, dropped: readonly string[] = []): Found<ApplyReport> {
    if (failure !== undefined) return refuse('conflict', `it is in use, but ${failure}`, noteOf(false, dropped))
    const note = outcome.result === 'refused' ? 'nothing was changed' : noteOf(isWritten, dropped)
    return { ok: true, outcome, written: isWritten, note }
  }

  function noteOf(isWritten: boolean, dropped: readonly string[]): string {
    if (!isWritten) return `${file} was not changed: what it says counts again at the next reload or start`
    const rest = dropped.length === 0 ? '' : `; it no longer includes ${dropped.join(', ')}`
    return `${file} says the same now${rest}`
  }

  return {
    running: () => reloader.masked(),
    async check(text): Promise<CheckReport> {
      const { loaded, comparison } = await read(text, running().snapshot, reloader.grants)
      const all = loaded.ok ? loaded.warnings : loaded.problems
      // What is said of the text itself is said of whatever the caller has it in.
      const problems = all.map(({ file: where, ...problem }) =>
        where === file ? problem : { ...problem, file: where },
      )
      return { valid: loaded.ok, problems, diff: comparison === undefined ? null : reportDiff(comparison.diff) }
    },
    apply: (text, order) => apply(text, undefined, order),
    history: query => configurationsApplied(records, query),
    async text(id) {
      const stored = await configurationText(records, id)
      return stored.ok ? { ok: true, text: await maskAside(stored.text) } : stored
    },
    async diff(from, to): Promise<Found<DiffReport>> {
      const before = await readAgain(from)
      if ('code' in before) return before
      const after = await readAgain(to, before.snapshot)
      if ('code' in after) return after
      return { ok: true, ...reportDiff(after.diff!) }
    },
    async rollback(id, order) {
      const stored = await configurationText(records, id)
      return stored.ok ? apply(stored.text, id, order) : stored
    },
  }
}

const SEVERAL_FILES =
  'it is of several files, and only the configuration file itself can be written: apply it without write, and put its files back before the next reload or start'

function reportDiff({ changes, total }: Diff): DiffReport {
  return { changes: changes.map(changeText), total }
}
