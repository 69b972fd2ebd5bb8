// Puts a configuration that somebody has ordered into use, and into the file where that was asked for. How a snapshot is put into use
// is the reloader's business.

import type { ReloadOutcome } from '../../admin/contract/reload.ts'
import { replaceFile } from '../../util/replace-file.ts'
import type { Reloader } from '../configuration/reload.ts'
import type { ConfigurationEffect, Orderer } from '../events/order-event.ts'
import { refusedConfiguration } from '../record/order-rows.ts'
import type { Records } from '../record/records.ts'

/** What became of it. */
export interface Used {
  readonly outcome: ReloadOutcome
  /** Whether the file says the same now. */
  readonly isWritten: boolean
  /** Why the file could not be written, one line; undefined = it was, or was not to be. */
  readonly failure: string | undefined
}

export type UseConfiguration = (effect: ConfigurationEffect, who: Orderer) => Promise<Used>

export function useConfiguration(
  reloader: Pick<Reloader, 'use' | 'isWritten'>,
  records: Pick<Records, 'later'>,
  file: string,
): UseConfiguration {
  return async ({ loaded, former, changes, write, override }, who) => {
    const { by, reason, source = 'api' } = who
    const compared = { against: former.snapshot, comparison: changes }
    const outcome = await reloader.use(loaded, { source, by, reason, override }, compared)
    if (outcome.result === 'refused') records.later(refusedConfiguration(who, outcome.problems))
    if (outcome.result === 'refused' || !write) return { outcome, isWritten: false, failure: undefined }
    const failure = await replaceFile(file, loaded.own!)
    if (failure === undefined) reloader.isWritten()
    return { outcome, isWritten: failure === undefined, failure }
  }
}
