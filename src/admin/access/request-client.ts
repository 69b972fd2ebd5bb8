// Who sends a request, as far as it says so: vigia's own command line, or any other client. For the audit; it proves nothing.

import type { FastifyRequest } from 'fastify'

/** Sent by vigia's own commands. */
export const CLIENT_HEADER = 'x-vigia-client'

export function clientOf({ headers }: Pick<FastifyRequest, 'headers'>): 'api' | 'cli' {
  return headers[CLIENT_HEADER] === 'cli' ? 'cli' : 'api'
}
