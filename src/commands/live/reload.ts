// vigia reload: asks a running vigia to read its configuration file again, and prints what came of it.

import type { ReloadOutcome } from '../../admin/contract/reload.ts'
import { ASKED } from '../words/exit-codes.ts'
import { printable } from '../words/text.ts'
import { userName } from '../words/user-name.ts'
import { RefusedByVigia, sendChange } from './client/admin-client.ts'
import { failed } from './operate.ts'

export interface ReloadOptions {
  /** Base URL of the admin listener. */
  readonly admin: string
  readonly json: boolean
  readonly reason?: string
  /** Also in a change freeze. */
  readonly override?: boolean
  /** Default: the user of the operating system. */
  readonly by?: string
}

/** Longer than vigia waits for its workers. */
const TIMEOUT_MS = 40_000

/** Resolves with the exit code; 0 = what the file says is in use. */
export async function reload({ admin, json, reason, override, by = userName() }: ReloadOptions): Promise<number> {
  const order = { by, ...(reason === undefined ? {} : { reason }), ...(override === true ? { override } : {}) }
  try {
    const outcome = (await sendChange(admin, 'POST', '/reload', order, TIMEOUT_MS)) as ReloadOutcome
    if (json) console.log(JSON.stringify(outcome, null, 2))
    else for (const line of linesOf(outcome)) console.log(printable(line))
    return ASKED.done
  } catch (error) {
    if (!(error instanceof RefusedByVigia)) return failed('reload', error)
    // One problem a line, as `vigia check` prints them.
    for (const problem of error.message.split('\n')) console.error(printable(problem))
    console.error('vigia: the configuration that was in use stays')
    return ASKED.refused
  }
}

function linesOf(outcome: ReloadOutcome): string[] {
  switch (outcome.result) {
    case 'applied': {
      const { revision, changes, total, warnings } = outcome
      const rest = total - changes.length
      return [
        ...warnings,
        `revision ${revision} is in use: ${total} ${total === 1 ? 'change' : 'changes'}`,
        ...changes.map(change => `  ${change}`),
        ...(rest > 0 ? [`  and ${rest} more`] : []),
      ]
    }
    case 'unchanged':
      return [`nothing to apply: revision ${outcome.revision} is what the file says`]
    case 'refused':
      return [...outcome.problems]
  }
}
