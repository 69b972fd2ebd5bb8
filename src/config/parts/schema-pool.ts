// The part of the schema that describes pools and their upstreams.

import Type from 'typebox'
import { DEFAULTS } from '../defaults.ts'
import { affinitySchema } from './schema-affinity.ts'
import { healthSchema } from './schema-health.ts'
import { minAvailableSchema } from './schema-maintenance.ts'
import { outlierSchema } from './schema-outlier.ts'
import { breakerSchema, maxConnectionsSchema, queueSchema } from './schema-overload.ts'
import { described, duration, integer, name, number, section, text } from './schema-parts.ts'
import { poolRetrySchema } from './schema-retry.ts'

const algorithm = Type.Union(
  [
    Type.Literal('round-robin'),
    Type.Literal('least-connections'),
    Type.Literal('random-two'),
    Type.Literal('peak-ewma'),
    Type.Literal('hash'),
  ],
  {
    title: 'one of round-robin, least-connections, random-two, peak-ewma, hash',
    ...described(
      'How the next upstream is chosen: `round-robin` in turn by weight, `least-connections` the least busy for its weight, `random-two` the less busy of two drawn at random, `peak-ewma` the quickest of late, `hash` the same one for the same key.',
      DEFAULTS.balance,
    ),
  },
)

const balance = Type.Union(
  [
    algorithm,
    section(
      {
        algorithm,
        key: Type.Optional(
          Type.String({
            pattern: "^(address|(header|cookie):[!#$%&'*+.^_`|~0-9A-Za-z-]+)$",
            title: '"address", "header:NAME" or "cookie:NAME"',
            description:
              "What `hash` hashes: the client's address, a request header or a cookie. Required with `hash`, refused with others. A request without it is spread by the client's address.",
          }),
        ),
        boundedLoad: Type.Optional(
          number(
            1,
            100,
            'With `hash`: no upstream gets more than this factor times the mean of exchanges in flight; the next in the ranking takes over.',
            DEFAULTS.boundedLoad,
          ),
        ),
      },
      'The algorithm with its options.',
      { title: 'a mapping with `algorithm`' },
    ),
  ],
  {
    title: 'round-robin, least-connections, random-two, peak-ewma, or a mapping with `algorithm`',
    ...described('How requests are spread over the available upstreams.', DEFAULTS.balance),
  },
)

const upstream = section(
  {
    name: name('Name of the upstream in status, metrics and logs; unique in its pool.'),
    url: text(
      'http://HOST:PORT or https://HOST:PORT',
      'Where the upstream listens: http://host:port or https://host:port, without a path. Default port: 80 or 443.',
    ),
    weight: Type.Optional(
      integer(
        0,
        1000,
        'Share of new work, relative to the other upstreams of the pool. 0 = no new work.',
        DEFAULTS.weight,
      ),
    ),
    priority: Type.Optional(
      integer(
        0,
        100,
        'Upstreams of a higher number are used only when those of the lower ones cannot carry the load.',
        DEFAULTS.priority,
      ),
    ),
    maxConnections: Type.Optional(maxConnectionsSchema),
    tls: Type.Optional(
      section(
        {
          caFile: Type.Optional(
            text(
              'a file path',
              "PEM file of the authorities that may sign the upstream's certificate, relative to the configuration file. Default: the system's.",
            ),
          ),
          serverName: Type.Optional(
            text('a host name', "Name asked for (SNI) and looked for in the certificate. Default: the url's host."),
          ),
          verify: Type.Optional(
            Type.Boolean({
              title: 'true or false',
              ...described(
                "Whether the upstream's certificate is verified. false lets anyone in between read and change the traffic.",
                true,
              ),
            }),
          ),
        },
        'TLS to the upstream; only with an https url.',
      ),
    ),
  },
  'One ERP node.',
)

export const poolSchema = section(
  {
    balance: Type.Optional(balance),
    health: Type.Optional(healthSchema),
    upstreams: Type.Array(upstream, {
      minItems: 1,
      title: 'a list with at least one upstream',
      description: 'The ERP nodes of the pool.',
    }),
    allDown: Type.Optional(
      Type.Union([Type.Literal('fail'), Type.Literal('panic')], {
        title: '"fail" or "panic"',
        ...described(
          'When no upstream is available: `fail` answers 503 at once, `panic` tries unhealthy upstreams as well.',
          DEFAULTS.allDown,
        ),
      }),
    ),
    firstVerdict: Type.Optional(
      duration(
        'Duration. How long a request waits for the first probe results after a start.',
        DEFAULTS.firstVerdict,
        'does not wait',
      ),
    ),
    retryAfter: Type.Optional(
      duration('Duration, in whole seconds. Retry-After on a 503 of this pool.', DEFAULTS.retryAfter),
    ),
    overprovisioning: Type.Optional(
      number(
        1,
        10,
        'A priority carries all the load while (share of it that is available) x this factor is at least 1; below that the next priority takes the rest.',
        DEFAULTS.overprovisioning,
      ),
    ),
    failback: Type.Optional(
      Type.Union([Type.Literal('automatic'), Type.Literal('manual')], {
        title: '"automatic" or "manual"',
        ...described(
          'Whether load returns by itself from a higher priority to a lower one that can carry it again: `manual` leaves it there until `vigia failback POOL`, for a site that people look at before they go back.',
          DEFAULTS.failback,
        ),
      }),
    ),
    minAvailable: Type.Optional(minAvailableSchema),
    queue: Type.Optional(queueSchema),
    circuitBreaker: Type.Optional(breakerSchema),
    retry: Type.Optional(poolRetrySchema),
    outlier: Type.Optional(outlierSchema),
    affinity: Type.Optional(affinitySchema),
    slowStart: Type.Optional(
      duration(
        'Duration. How long an upstream that was out takes to get its whole weight again, from a tenth of it on; not at the start of vigia.',
        DEFAULTS.slowStart,
        'its whole weight at once',
      ),
    ),
    idleConnections: Type.Optional(
      integer(
        0,
        10_000,
        'Most idle connections that each worker keeps per upstream. 0 = a fresh connection for every request.',
        DEFAULTS.idleConnections,
      ),
    ),
    idleTimeout: Type.Optional(
      duration('Duration. How long an idle connection to an upstream is kept.', DEFAULTS.idleTimeout),
    ),
  },
  'A set of upstreams that serve the same application.',
)
