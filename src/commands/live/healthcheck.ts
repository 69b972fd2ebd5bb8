// vigia healthcheck: asks a running vigia whether it lives, for containers (HEALTHCHECK, exec probes) and scripts. Decides nothing.

import { EXIT } from '../words/exit-codes.ts'
import { printable } from '../words/text.ts'
import { askHealth, Unreachable } from './client/admin-client.ts'

export interface HealthcheckOptions {
  /** Base URL of the admin listener, or of `health`. */
  readonly admin: string
  /** Whether it serves, rather than whether it lives. */
  readonly ready: boolean
}

/** Docker gives no meaning to any code but these two. */
const CODES = { healthy: EXIT.ok, not: 1 } as const
/** Characters of an answer that are printed: whatever answers need not be vigia. */
const LONGEST = 500

export async function healthcheck({ admin, ready }: HealthcheckOptions): Promise<number> {
  try {
    const { ok, text } = await askHealth(admin, ready ? '/readyz' : '/healthz')
    console.log(printable(text.slice(0, LONGEST)))
    return ok ? CODES.healthy : CODES.not
  } catch (error) {
    if (!(error instanceof Unreachable)) throw error
    console.error(`vigia: ${error.message}`)
    return CODES.not
  }
}
