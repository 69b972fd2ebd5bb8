// Which trailer fields may be passed on.

import { FIELD } from './field-names.ts'
import type { Fields } from './fields.ts'

/** Fields that a trailer section must not carry (RFC 9110 6.5.1): framing, routing, connection control, credentials. */
const NOT_IN_TRAILERS: ReadonlySet<string> = new Set([
  ...[
    'authorization',
    'set-cookie',
    'content-encoding',
    'content-type',
    'content-range',
    'cache-control',
    'max-forwards',
  ],
  ...['www-authenticate', 'proxy-authenticate', 'proxy-authorization', 'authentication-info', 'range', 'age', 'date'],
  ...[
    'if-match',
    'if-none-match',
    'if-modified-since',
    'if-unmodified-since',
    'if-range',
    'expires',
    'location',
    'retry-after',
  ],
  ...['vary', 'warning', 'pragma'],
])

/** Whether the trailer field at `index` may be passed on. */
export function isPassedTrailer({ names, kinds }: Fields, index: number): boolean {
  return kinds[index] === FIELD.other && !NOT_IN_TRAILERS.has(names[index]!.toLowerCase())
}
