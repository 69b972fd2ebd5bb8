// The configuration document: the one source of its keys, types, defaults and descriptions.
// ajv validates against it, TypeScript infers from it, config/schema.json is generated from it. No logic here.

import Type, { type Static } from 'typebox'
import { MAX_WORKERS } from '../shared/counters.ts'
import { DEFAULTS } from './defaults.ts'
import { adminSchema } from './parts/schema-admin.ts'
import { limitsSchema } from './parts/schema-limits.ts'
import { accessLogSchema, logSchema } from './parts/schema-log.ts'
import { languageSchema, maintenanceSchema } from './parts/schema-maintenance.ts'
import { boolean, byName, described, duration, name, section, text } from './parts/schema-parts.ts'
import { poolSchema } from './parts/schema-pool.ts'
import { routeSchema, timeoutKeys } from './parts/schema-route.ts'
import { storeSchema } from './parts/schema-store.ts'

const { timeouts } = DEFAULTS
const address = 'an address such as 127.0.0.1:8080, :8080 or [::1]:8080'

const listener = section(
  {
    name: name('Name of the listener, for `match.listener` and logs; unique.'),
    address: text(
      address,
      'host:port, or :port for every IPv4 address, or [IPv6]:port; [::]:port listens on both. Port 0 takes any free one (one worker only).',
    ),
  },
  'An address that clients connect to.',
)

export const configSchema = section(
  {
    workers: Type.Optional(
      Type.Union([Type.Literal('auto'), Type.Integer({ minimum: 1, maximum: MAX_WORKERS })], {
        title: `"auto" or a whole number from 1 to ${MAX_WORKERS}`,
        ...described('Number of worker threads that carry the traffic; auto = one per core.', DEFAULTS.workers),
      }),
    ),
    watch: Type.Optional(
      boolean(
        'Apply changes of this file, and of the files that it names, as soon as they are there. false = only on SIGHUP and `vigia reload`.',
        DEFAULTS.watch,
      ),
    ),
    listeners: Type.Array(listener, {
      minItems: 1,
      title: 'a list with at least one listener',
      description: 'Where vigia listens for clients.',
    }),
    routes: Type.Array(routeSchema, {
      minItems: 1,
      title: 'a list with at least one route',
      description: 'Which pool serves which request. The first match wins; none = 404.',
    }),
    pools: byName(poolSchema, 'a mapping of names to pools', 'Sets of upstreams, by name.'),
    trustedProxies: Type.Optional(
      Type.Array(text('an address or range such as 10.0.0.0/8', 'Address or CIDR range.'), {
        title: 'a list of addresses or ranges such as 10.0.0.0/8',
        description: 'Proxies in front of vigia whose X-Forwarded-* headers are believed. Default: none.',
      }),
    ),
    limits: Type.Optional(limitsSchema),
    timeouts: Type.Optional(
      section(
        {
          head: Type.Optional(
            duration("Duration. From a request's first byte to the end of its head.", timeouts.head, 'no limit'),
          ),
          ...timeoutKeys,
        },
        'Deadlines; a route may override all but `head`.',
      ),
    ),
    headers: Type.Optional(
      section(
        {
          via: Type.Optional(
            Type.Union([Type.String({ pattern: "^[!#$%&'*+.^_`|~0-9A-Za-z-]+$" }), Type.Literal(false)], {
              title: 'a name without spaces, or false',
              ...described('Name that vigia puts into Via (RFC 9110 7.6.3); false = no Via header.', DEFAULTS.via),
            }),
          ),
        },
        'Headers that vigia adds.',
      ),
    ),
    accessLog: Type.Optional(accessLogSchema),
    log: Type.Optional(logSchema),
    admin: Type.Optional(adminSchema(address, DEFAULTS.admin)),
    store: Type.Optional(storeSchema),
    maintenance: Type.Optional(maintenanceSchema),
    language: Type.Optional(languageSchema),
    shutdown: Type.Optional(
      duration(
        'Duration. How long a shutdown waits for what is in flight before it cuts it.',
        DEFAULTS.shutdown,
        'does not wait',
      ),
    ),
  },
  'Configuration of vigia, a health-checking load balancer and reverse proxy for ERP web nodes.',
)

/** The document after validation, before any default is applied. */
export type ConfigDocument = Static<typeof configSchema>
export type PoolDocument = ConfigDocument['pools'][string]
export type UpstreamDocument = PoolDocument['upstreams'][number]
export type RouteDocument = ConfigDocument['routes'][number]
export type HealthDocument = NonNullable<PoolDocument['health']>
export type OutlierDocument = NonNullable<PoolDocument['outlier']>
export type AffinityDocument = NonNullable<PoolDocument['affinity']>
export type ProbeDocument = Exclude<HealthDocument, string | false>
