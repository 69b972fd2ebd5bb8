// In whose name a change is made, and with which client, for the audit trail. What a client says of itself proves nothing.

import type { FastifyRequest } from 'fastify'
import type { Recording } from '../contract/operations.ts'

type Asker = Pick<FastifyRequest, 'headers' | 'ip' | 'principal'>

/** Sent by vigia's own commands. */
const CLIENT_HEADER = 'x-vigia-client'

/** @param said what the body says of it; its `by` counts only where there are no tokens */
export function authorOf(
  { headers, ip, principal }: Asker,
  { by, unrecorded }: { readonly by?: string | undefined; readonly unrecorded?: boolean | undefined },
): Recording & { readonly by: string; readonly source: 'api' | 'cli' } {
  return {
    by: principal?.name ?? by ?? `admin API, ${ip}`,
    source: headers[CLIENT_HEADER] === 'cli' ? 'cli' : 'api',
    unrecorded,
  }
}
