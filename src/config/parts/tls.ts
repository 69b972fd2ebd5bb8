// TLS of all listeners: the key that session tickets are sealed with. Certificates are those of a listener.

import Type, { type Static } from 'typebox'
import { TICKETS_BY_DEFAULT, type TicketPlan } from '../../plan/tls.ts'
import { error, type Finding } from '../forms/problem.ts'
import { duration, section, text } from '../forms/schema-blocks.ts'
import { formatDuration, parseDuration } from '../forms/units.ts'

export const tlsSchema = section(
  {
    ticketKeyFile: Type.Optional(
      text(
        'the path of a file',
        "File with the key of session tickets, relative to the configuration file: 48 bytes, as they are or in base64 (openssl rand -base64 48). Instances with the same one resume each other's sessions. Watched. Default: vigia draws one and keeps it to itself; a restart forgets it.",
      ),
    ),
    ticketRotation: Type.Optional(
      duration(
        'Duration. How often the key that vigia has drawn itself is replaced. Effect: who comes back with a ticket of before does a full handshake.',
        formatDuration(TICKETS_BY_DEFAULT.rotationMs),
        'never',
      ),
    ),
  },
  'Session tickets of all listeners with TLS: returning clients do without a full handshake.',
)

export const RENAMED_IN_TLS = { 'tickets.rotationMs': 'tls.ticketRotation', 'tickets.file': 'tls.ticketKeyFile' }

/** Undefined: the key is not there. */
type TlsDocument = Static<typeof tlsSchema> | undefined

export function* checkTls(tls: TlsDocument): Iterable<Finding> {
  if (tls?.ticketKeyFile !== undefined && tls.ticketRotation !== undefined)
    yield error(
      ['tls', 'ticketRotation'],
      'a key of a file is replaced by who writes the file: remove one of them',
      'key',
    )
}

export function compileTls(tls: TlsDocument = {}, resolvePath: (path: string) => string): TicketPlan {
  const { ticketKeyFile, ticketRotation } = tls
  return {
    file: ticketKeyFile === undefined ? undefined : resolvePath(ticketKeyFile),
    rotationMs: ticketRotation === undefined ? TICKETS_BY_DEFAULT.rotationMs : parseDuration(ticketRotation)!,
  }
}
