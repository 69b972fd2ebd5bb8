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
import { formatProblem } from '../../config/forms/problem.ts'
import { type Loaded, type LoadedSnapshot, loadBytes } from '../../config/read/load.ts'
import { changeText, type Diff, diffSnapshots } from '../../config/shown/diff.ts'
import { maskConfiguration } from '../../config/shown/mask.ts'
import { type Refusal, refuse } from '../../util/refusal.ts'
import type { Reloader } from '../configuration/reload.ts'
import { configurationsApplied, configurationText } from '../record/history.ts'
import type { Records } from '../record/records.ts'
import type { Orders } from './carry-out.ts'
import type { Used } from './use-configuration.ts'

export interface ConfigurationsOptions {
  readonly orders: Orders<Used>
  readonly reloader: Pick<Reloader, 'loaded' | 'masked'>
  readonly records: Records
  /** The configuration file: texts are judged as if they stood there. */
  readonly file: string
}

export function createConfigurations({ orders, reloader, records, file }: ConfigurationsOptions): Configurations {
  const load = (text: string): Loaded => loadBytes(new TextEncoder().encode(text), file, process.env)
  const running = () => reloader.loaded

  /** A text of the history, or what is in use. */
  async function loaded(id: number | undefined): Promise<LoadedSnapshot | Refusal> {
    if (id === undefined) return running()
    const stored = await configurationText(records, id)
    if (!stored.ok) return stored
    const candidate = load(stored.text)
    if (candidate.ok) return candidate
    return refuse('conflict', `configuration ${id} can't be read any more: ${formatProblem(candidate.problems[0]!)}`)
  }

  /** @param id its id in the history, where it comes from there */
  async function apply(text: string, id: number | undefined, order: ApplyOrder): Promise<Found<ApplyReport>> {
    const candidate = load(text)
    if (!candidate.ok) {
      const problems = candidate.problems.map(formatProblem)
      return report({ outcome: { result: 'refused', problems }, isWritten: false, failure: undefined })
    }
    const { write, override = false } = order
    const decide = () => {
      const former = running()
      const diff = diffSnapshots(former.snapshot, candidate.snapshot)
      return [{ kind: 'configuration', loaded: candidate, former, diff, id, write, override } as const]
    }
    return orders.carryOut(order, decide, async (_, used) => report(await used!))
  }

  function report({ outcome, isWritten, failure }: Used): Found<ApplyReport> {
    if (failure !== undefined) return refuse('conflict', `it is in use, but ${failure}`, noteOf(false))
    const note = outcome.result === 'refused' ? 'nothing was changed' : noteOf(isWritten)
    return { ok: true, outcome, written: isWritten, note }
  }

  function noteOf(isWritten: boolean): string {
    return isWritten
      ? `${file} says the same now`
      : `${file} was not changed: what it says counts again at the next reload or start`
  }

  return {
    running: () => reloader.masked(),
    check(text): CheckReport {
      const candidate = load(text)
      const all = candidate.ok ? candidate.warnings : candidate.problems
      const problems = all.map(({ file: _, ...problem }) => problem)
      const diff = candidate.ok ? reportDiff(diffSnapshots(running().snapshot, candidate.snapshot)) : null
      return { valid: candidate.ok, problems, diff }
    },
    apply: (text, order) => apply(text, undefined, order),
    history: query => configurationsApplied(records, query),
    async text(id) {
      const stored = await configurationText(records, id)
      return stored.ok ? { ok: true, text: maskConfiguration(stored.text) } : stored
    },
    async diff(from, to): Promise<Found<DiffReport>> {
      const [before, after] = [await loaded(from), await loaded(to)]
      if ('code' in before) return before
      if ('code' in after) return after
      return { ok: true, ...reportDiff(diffSnapshots(before.snapshot, after.snapshot)) }
    },
    async rollback(id, order) {
      const stored = await configurationText(records, id)
      return stored.ok ? apply(stored.text, id, order) : stored
    },
  }
}

function reportDiff({ changes, total }: Diff): DiffReport {
  return { changes: changes.map(changeText), total }
}
