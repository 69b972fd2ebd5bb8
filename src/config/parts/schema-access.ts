// The part of the schema that describes who may use a route, which paths, and how often.

import Type from 'typebox'
import { RATE_PATTERN } from '../units.ts'
import { integer, section, text } from './schema-parts.ts'

const RANGES = 'a list of at least one address or range such as 10.0.0.0/8'

export const accessSchema = section(
  {
    allow: Type.Optional(ranges('Only these clients; all others are answered 403. Default: every client.')),
    deny: Type.Optional(
      ranges('These clients are answered 403, even where `allow` has them: a denial goes first. Default: none.'),
    ),
    denyPaths: Type.Optional(
      Type.Array(text('a path such as /web/database*', 'A path; * stands for any characters, slashes too.'), {
        minItems: 1,
        title: 'a list of at least one path such as /web/database*',
        description:
          'Paths that are answered 403, whatever the client. The whole path is compared, in one spelling: case counts (an upstream that ignores it, such as IIS or SAP, is not protected), `%64` is `d`, double slashes and dot segments are resolved first; the query is not looked at. Without a * only this very path is meant, nothing below it. Default: none.',
      }),
    ),
  },
  'Who may use the route, by address as vigia believes it (`trustedProxies`), and which of its paths nobody may. Default: everyone, all of it.',
)

export const rateLimitSchema = section(
  {
    rate: Type.String({
      pattern: RATE_PATTERN,
      title: 'a rate such as 10/s, 600/m or 1000/h',
      description: 'Requests per second, minute or hour that each client may send in the long run.',
      whyRequired: 'a limit needs one, such as 10/s',
    }),
    burst: Type.Optional(
      integer(
        1,
        1_000_000,
        'Requests that a client may send at once after a pause. A page of an ERP is many requests. Default: what `rate` gives in one second, at least 1.',
      ),
    ),
  },
  'How often one client address (one /64 of IPv6) may ask on this route, over all workers. Effect: more is answered 429 with Retry-After. Users behind one address share it. Default: no limit.',
)

function ranges(description: string) {
  return Type.Array(text('an address or range such as 10.0.0.0/8', 'Address or CIDR range.'), {
    minItems: 1,
    title: RANGES,
    description,
  })
}
