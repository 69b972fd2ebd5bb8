// The part of the schema that describes passive health: what ejects an upstream, for how long, and how it returns.

import Type from 'typebox'
import { DEFAULTS } from '../defaults.ts'
import { described, duration, integer, section, share } from './schema-parts.ts'

const { outlier } = DEFAULTS

const minRequests = (what: string) =>
  Type.Optional(
    integer(1, 1_000_000, `Fewest answers within the window from which ${what} is judged.`, outlier.minRequests),
  )

const rules = section(
  {
    consecutiveFailures: Type.Optional(
      integer(
        0,
        1000,
        'Transport failures (connect, reset, timeout) in a row, without an answer between them, that eject. 0 = not judged.',
        outlier.consecutiveFailures,
      ),
    ),
    consecutiveGatewayErrors: Type.Optional(
      integer(
        0,
        1000,
        'Answers 502, 503 or 504 in a row that eject. 0 = not judged.',
        outlier.consecutiveGatewayErrors,
      ),
    ),
    serverErrors: Type.Optional(
      section(
        {
          share: share(
            'Share of 5xx among the answers within the window from which on an upstream is ejected.',
            undefined,
          ),
          minRequests: minRequests('the share'),
        },
        'Ejects on many 5xx answers. Default: not judged, for a 500 may be what the ERP meant.',
      ),
    ),
    latency: Type.Optional(
      section(
        {
          factor: Type.Number({
            minimum: 1.5,
            maximum: 1000,
            title: 'a number from 1.5 to 1000',
            description:
              "Ejects an upstream whose mean time to the first byte is more than this times the median of the pool's other upstreams.",
          }),
          above: Type.Optional(
            duration(
              'Duration. A mean up to this is never too slow.',
              outlier.latencyAbove,
              'judges by the factor alone',
            ),
          ),
          minRequests: minRequests('the time'),
        },
        'Ejects what is much slower than the others. Default: not judged.',
      ),
    ),
    window: Type.Optional(duration('Duration. Over which `serverErrors` and `latency` are judged.', outlier.window)),
    ejection: Type.Optional(
      duration(
        'Duration. How long the first ejection lasts; the second twice as long, and so on. Each such time without one forgets one.',
        outlier.ejection,
      ),
    ),
    maxEjection: Type.Optional(duration('Duration. The longest ejection.', outlier.maxEjection)),
    maxEjected: Type.Optional(
      share(
        "Most of the pool's upstreams that are ejected at once; one always may be, the last one that could serve never is.",
        outlier.maxEjected,
      ),
    ),
    probation: Type.Optional(
      section(
        {
          share: Type.Optional(
            share('Share of its weight that an upstream gets after an ejection.', outlier.probation.share),
          ),
          successes: Type.Optional(
            integer(1, 1000, 'Requests that must go well before it gets all of it.', outlier.probation.successes),
          ),
        },
        'The trial after an ejection; one failure ends it with the next ejection.',
      ),
    ),
  },
  'When and how.',
  { title: 'a mapping with its rules' },
)

export const outlierSchema = Type.Union([Type.Literal('off'), Type.Literal(false), rules], {
  title: '"off", or a mapping with its rules',
  ...described(
    `Passive health: takes out an upstream on which requests fail, whatever its probes say; off = never. Default: ${outlier.consecutiveFailures} failures in a row, ${outlier.ejection}.`,
    undefined,
  ),
})
