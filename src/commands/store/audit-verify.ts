// vigia audit verify: reads the whole audit of a store, running or not, and says whether a row was changed, is missing or was put in.

import { existsSync } from 'node:fs'
import { inspectAudit } from '../../store/backup/inspect.ts'
import { EXIT } from '../words/exit-codes.ts'
import { auditLines, refusal, TERMINAL } from '../words/store-lines.ts'

export interface AuditVerifyOptions {
  /** The store's file, or a backup. */
  readonly store: string
  /** A head's hash that was kept elsewhere. */
  readonly expect?: string
}

/** Resolves with the exit code: 0 where the chain is whole, else 1. */
export async function auditVerify({ store, expect }: AuditVerifyOptions, io = TERMINAL): Promise<number> {
  if (!existsSync(store)) {
    io.err(`vigia: there is no store ${store}: say where it is with --store`)
    return EXIT.badConfiguration
  }
  try {
    const verdict = inspectAudit(store, expect)
    if (verdict.fault !== undefined) {
      io.err(`${store}: the audit is NOT whole: ${verdict.fault}`)
      io.err(`sound up to row ${verdict.head.seq}, hash ${verdict.head.hash}`)
      return EXIT.badConfiguration
    }
    for (const line of auditLines(verdict)) io.out(line)
    if (expect === undefined) {
      io.out('keep the hash elsewhere: only "--expect HASH" can tell later that no row behind it was taken away')
    }
    return EXIT.ok
  } catch (error) {
    refusal('the audit can not be verified', error, io)
    return EXIT.badConfiguration
  }
}
