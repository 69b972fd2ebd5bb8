// What the commands on the store print in common: what is in it, and why something was refused.

import type { AuditVerdict } from '../../store/audit/verify-audit.ts'
import type { Inspection } from '../../store/backup/inspect.ts'
import { StoreError } from '../../store/store-error.ts'

export interface StoreOutput {
  readonly out: (line: string) => void
  readonly err: (line: string) => void
}

export const TERMINAL: StoreOutput = { out: line => console.log(line), err: line => console.error(line) }

export function contentLines({ version, counts, audit }: Inspection): string[] {
  const { transitions, incidents, inDoubt, configurations, overrides, windows, secrets } = counts
  const lines = [
    `  audit           ${rows(counts.audit)}`,
    `  transitions     ${rows(transitions)}`,
    `  incidents       ${rows(incidents)}`,
    `  in doubt        ${rows(inDoubt)}`,
    `  configurations  ${rows(configurations)}`,
    `  overrides       ${rows(overrides)}`,
    `  windows         ${rows(windows)}`,
    `  secrets         ${rows(secrets)}`,
    `  file version    ${version}`,
  ]
  return audit === undefined ? lines : [...lines, `  audit head      ${audit.head.hash} (row ${audit.head.seq})`]
}

export function auditLines({ rows: sound, head, cut }: AuditVerdict): string[] {
  const begins = cut === undefined ? 'from the first row' : `rows up to ${cut.seq} are past their time and were deleted`
  return [`the audit is whole: ${rows(sound)}, ${begins}`, `head: row ${head.seq}, hash ${head.hash}`]
}

/** Prints the one line; what is no answer of the store is thrown on. */
export function refusal(what: string, error: unknown, io: StoreOutput): void {
  if (!(error instanceof StoreError)) throw error
  io.err(`vigia: ${what}: ${error.message}`)
}

function rows(count: number): string {
  return `${count} ${count === 1 ? 'row' : 'rows'}`
}
