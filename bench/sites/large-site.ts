// A site of many tenants as a configuration of vigia, HAProxy and nginx: the same routes, pools and upstreams for each. vigia's has a daily
// maintenance window for one upstream of each pool besides; the others have no such thing.

export interface Site {
  readonly routes: number
  readonly pools: number
  /** Upstreams of each pool. */
  readonly upstreams: number
  readonly windows: number
  readonly port: number
  readonly adminPort: number
  /** One server takes it on all addresses of this machine (127.0.0.0/8), of which each upstream has one. */
  readonly upstreamPort: number
  /** Of the last route: what a reload changes. */
  readonly mark: string
}

export const LARGE = { routes: 5000, pools: 200, upstreams: 10, windows: 200 } as const

const HOSTS = 250
const ZONES = ['America/Sao_Paulo', 'Europe/Berlin', 'America/New_York', 'Asia/Tokyo']

const upTo = (count: number) => Array.from({ length: count }, (_, i) => i)
const two = (number: number) => String(number).padStart(2, '0')

interface SiteRoute {
  readonly host: string
  readonly path: string
  readonly pool: number
}

function routesOf({ routes, pools, mark }: Site): SiteRoute[] {
  const plain = upTo(routes - 1).map(i => ({ host: `t${i % HOSTS}.example.com`, path: `/app/${i}`, pool: i % pools }))
  return [...plain, { host: 'last.example.com', path: `/${mark}`, pool: pools - 1 }]
}

function addressOf(pool: number, upstream: number, port: number): string {
  return `127.${1 + (pool % 250)}.${1 + Math.floor(pool / 250)}.${1 + upstream}:${port}`
}

export function vigiaSite(site: Site): string {
  const { pools, upstreams, windows, port, adminPort, upstreamPort } = site
  return [
    'workers: 1',
    `admin: { address: "127.0.0.1:${adminPort}" }`,
    `listeners: [{ name: web, address: "127.0.0.1:${port}" }]`,
    'routes:',
    ...routesOf(site).map(
      ({ host, path, pool }, i) => `  - { name: r${i}, match: { host: ${host}, path: ${path} }, pool: p${pool} }`,
    ),
    'pools:',
    ...upTo(pools).flatMap(pool => [
      `  p${pool}:`,
      '    health: { path: /health, interval: 10s }',
      '    upstreams:',
      ...upTo(upstreams).map(u => `      - { name: u${u}, url: "http://${addressOf(pool, u, upstreamPort)}" }`),
    ]),
    ...(windows === 0 ? [] : ['maintenance:']),
    ...upTo(windows).map(
      w =>
        `  - { name: w${w}, upstream: p${w % pools}/u${w % upstreams}, start: "2026-01-05T${two(4 + (w % 18))}:${two(w % 60)}", duration: 1h, timeZone: ${ZONES[w % ZONES.length]}, repeat: FREQ=DAILY }`,
    ),
    '',
  ].join('\n')
}

/** @param mapFile where `haproxyMap` is */
export function haproxySite({ pools, upstreams, port, upstreamPort }: Site, mapFile: string): string {
  return [
    'global',
    '    nbthread 1',
    '    maxconn 4000',
    '    no strict-limits',
    'defaults',
    '    mode http',
    '    timeout connect 2s',
    '    timeout client 60s',
    '    timeout server 60s',
    'frontend web',
    `    bind 127.0.0.1:${port}`,
    `    use_backend %[base,map_beg(${mapFile})]`,
    ...upTo(pools).flatMap(pool => [
      `backend p${pool}`,
      '    option httpchk GET /health',
      ...upTo(upstreams).map(u => `    server u${u} ${addressOf(pool, u, upstreamPort)} check inter 10s`),
    ]),
    '',
  ].join('\n')
}

export function haproxyMap(site: Site): string {
  return `${routesOf(site)
    .map(({ host, path, pool }) => `${host}${path} p${pool}`)
    .join('\n')}\n`
}

/** @param folder for its files */
export function nginxSite(site: Site, folder: string): string {
  const { pools, upstreams, port, upstreamPort } = site
  const byHost = Map.groupBy(routesOf(site), ({ host }) => host)
  return [
    'daemon off;',
    'worker_processes 1;',
    `pid ${folder}/nginx.pid;`,
    'error_log stderr error;',
    'events { worker_connections 8000; }',
    'http {',
    '    access_log off;',
    '    server_names_hash_max_size 2048;',
    ...['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(each => `    ${each}_temp_path ${folder}/${each};`),
    ...upTo(pools).flatMap(pool => [
      `    upstream p${pool} {`,
      ...upTo(upstreams).map(u => `        server ${addressOf(pool, u, upstreamPort)};`),
      '    }',
    ]),
    ...[...byHost].flatMap(([host, routes]) => [
      `    server { listen 127.0.0.1:${port}; server_name ${host};`,
      ...routes.map(({ path, pool }) => `        location ${path} { proxy_pass http://p${pool}; }`),
      '    }',
    ]),
    '}',
    '',
  ].join('\n')
}
