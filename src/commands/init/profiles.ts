// What `vigia init` knows of each ERP: its ports, how it is probed and recognised, and which routes its clients need. The examples in
// config/examples say more and why; a test holds that nothing here contradicts them.

export interface PoolProfile {
  readonly name: string
  /** Where a node of this pool listens, unless it is said. */
  readonly port: number
  /** Keys of the pool, as the configuration spells them. */
  readonly keys: PoolKeys
}

interface PoolKeys extends Readonly<Record<string, unknown>> {
  readonly health: 'tcp' | ({ readonly path: string } & Readonly<Record<string, unknown>>)
  readonly affinity?: object
}

export interface RouteProfile {
  readonly pool: string
  /** undefined = all that other routes leave. */
  readonly path?: string
  /** Other keys of the route. */
  readonly keys?: Readonly<Record<string, unknown>>
}

export interface Profile {
  readonly title: string
  /** The first is the one whose nodes are asked for. */
  readonly pools: readonly PoolProfile[]
  readonly routes: readonly RouteProfile[]
  /** Its probe needs the host name of the site. */
  readonly wantsHost?: true
  /** Whether an answer to its probe is that of this ERP. */
  readonly recognises?: (status: number, body: string) => boolean
  /** What is to be done on the nodes, one line each. */
  readonly onNodes: readonly string[]
}

const ODOO_HEALTH = { path: '/web/health', expect: { status: 200, body: 'pass' } }

export const PROFILES = {
  odoo: {
    title: 'Odoo 16 and later',
    pools: [
      { name: 'odoo', port: 8069, keys: { health: ODOO_HEALTH, application: 'odoo', paths: { prefixes: ['/*'] } } },
      { name: 'odoo-bus', port: 8072, keys: { health: { path: '/web/health' } } },
    ],
    routes: [
      { pool: 'odoo-bus', path: '/websocket', keys: { timeouts: { tunnel: '8h' } } },
      {
        pool: 'odoo',
        keys: {
          timeouts: { response: '12m', idle: '5m' },
          maxBody: '512MiB',
          access: { denyPaths: ['/web/database*', '/xmlrpc/db*', '/xmlrpc/2/db*'] },
        },
      },
    ],
    recognises: (status, body) => status === 200 && /"status"\s*:\s*"pass"/.test(body),
    onNodes: ['workers > 0 and proxy_mode = True in odoo.conf', 'the filestore and the sessions shared by all nodes'],
  },
  erpnext: {
    title: 'ERPNext, Frappe',
    pools: [
      {
        name: 'erpnext',
        port: 8000,
        keys: { health: { path: '/api/method/ping', expect: { status: 200, body: 'pong' } }, application: 'frappe' },
      },
      { name: 'socketio', port: 9000, keys: { balance: { algorithm: 'hash', key: 'address' }, health: 'tcp' } },
    ],
    routes: [
      { pool: 'socketio', path: '/socket.io', keys: { timeouts: { tunnel: '8h', response: '90s' }, longPoll: true } },
      { pool: 'erpnext', keys: { timeouts: { response: '150s' }, maxBody: '100MiB' } },
    ],
    wantsHost: true,
    recognises: (status, body) => status === 200 && /"message"\s*:\s*"pong"/.test(body),
    onNodes: ['one Redis, one MariaDB and the sites folder shared by all nodes'],
  },
  tryton: {
    title: 'Tryton',
    pools: [
      {
        name: 'tryton',
        port: 8000,
        // Nobody is logged in by this: what it says is that the server works on calls.
        keys: {
          health: { path: '/', expect: { status: ['200-299', '301-399', '401', '404'] } },
          application: 'tryton',
        },
      },
    ],
    routes: [{ pool: 'tryton', keys: { timeouts: { response: '320s' } } }],
    onNodes: ['one PostgreSQL for all nodes'],
  },
  protheus: {
    title: 'TOTVS Protheus (WebApp)',
    pools: [
      {
        name: 'webapp',
        port: 4323,
        keys: {
          health: { path: '/', expect: { status: ['200-299', 301, 302] }, interval: '5s', timeout: '3s' },
          affinity: { cookie: 'VIGIA_WEBAPP', ttl: '10h' },
        },
      },
    ],
    routes: [{ pool: 'webapp', keys: { timeouts: { response: '5m', tunnel: '10h' } } }],
    onNodes: ['the same environment and RPO on all nodes'],
  },
  sap: {
    title: 'SAP NetWeaver (ABAP)',
    pools: [
      {
        name: 'abap',
        port: 8000,
        keys: {
          balance: { algorithm: 'hash', key: 'address', boundedLoad: 1.5 },
          paths: { ignoreCase: true },
          health: { path: '/sap/public/ping', interval: '5s', timeout: '3s' },
        },
      },
    ],
    routes: [{ pool: 'abap', keys: { timeouts: { response: '10m', idle: '5m' } } }],
    wantsHost: true,
    onNodes: ['/sap/public/ping active in SICF'],
  },
  'business-central': {
    title: 'Business Central (web client)',
    pools: [
      {
        name: 'bc-web',
        port: 8080,
        keys: {
          balance: { algorithm: 'hash', key: 'address', boundedLoad: 1.5 },
          paths: { ignoreCase: true },
          health: {
            path: '/BC/health/system',
            expect: { status: 200, bodyMatches: '"result"\\s*:\\s*true' },
            interval: '5s',
            timeout: '4s',
          },
        },
      },
    ],
    routes: [{ pool: 'bc-web', keys: { timeouts: { response: '5m', tunnel: '8h' } } }],
    wantsHost: true,
    recognises: (status, body) => status === 200 && /"result"\s*:\s*true/.test(body),
    onNodes: ['the same server instance name (here: BC) on all nodes'],
  },
  other: {
    title: 'another one, or one of your own',
    pools: [{ name: 'erp', port: 8080, keys: { health: { path: '/' } } }],
    routes: [{ pool: 'erp' }],
    onNodes: [
      'a path that is answered 200 only while the application works, database included: put it into health.path',
    ],
  },
} as const satisfies Readonly<Record<string, Profile>>

export type Erp = keyof typeof PROFILES
export const ERPS = Object.keys(PROFILES) as readonly Erp[]

export function profileOf(erp: Erp): Profile {
  return PROFILES[erp]
}
