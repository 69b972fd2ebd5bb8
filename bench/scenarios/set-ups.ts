// One thing of the set-up varied, the load unchanged: upstreams, routes, access log, workers, an upstream that is down, scrapes, reloads.
import { type Case, type ProxySetup, plainCase, plainSetup, type Scenario } from './scenario.ts'
import { smallGet } from './small-get.ts'

export const upstreams = varied(
  'upstreams',
  'among 3, 30 and 300 upstreams',
  ['vigia', 'haproxy'],
  [a('3 upstreams', { upstreams: 3 }), a('30 upstreams', { upstreams: 30 }), a('300 upstreams', { upstreams: 300 })],
)

export const routes = varied(
  'routes',
  'with 1, 100 and 1,000 routes, the last of which matches',
  ['vigia', 'haproxy'],
  [a('1 route', { routes: 1 }), a('100 routes', { routes: 100 }), a('1000 routes', { routes: 1000 })],
)

export const accessLog = varied(
  'access-log',
  'access log off and on (to a file)',
  ['vigia', 'haproxy', 'nginx'],
  [a('log off', { accessLog: false }), a('log on', { accessLog: true })],
)

export const workers = varied(
  'workers',
  'one and two workers, each on a core of its own',
  ['vigia', 'haproxy'],
  [a('1 worker', { workers: 1 }), a('2 workers', { workers: 2 })],
)

export const oneDown = varied(
  'one-down',
  'three upstreams, all up or one refusing connections',
  ['vigia', 'haproxy'],
  [a('3 up', { upstreams: 3 }), a('2 up, 1 down', { upstreams: 3, upstreamsDown: 1 })],
)

export const scrape = varied(
  'scrape',
  'without and with a scrape of the metrics every second',
  ['vigia', 'haproxy'],
  [a('no scrape', {}), { ...a('scraped', {}), scrapeEveryMs: 1000 }],
)

export const accessLogSampled = varied(
  'access-log-sampled',
  'access log off, for one request in ten, and for all (to a file)',
  ['vigia'],
  [a('log off', { accessLog: false }), a('log of 10%', { accessLog: 'sampled' }), a('log of all', { accessLog: true })],
)

export const reload = varied(
  'reload',
  'with a reload every second: none, of a file that was touched, of one that was changed',
  ['vigia'],
  [a('no reload', {}), { ...a('touched', {}), reload: 'touched' }, { ...a('changed', {}), reload: 'changed' }],
)

function varied(name: string, what: string, peers: readonly string[], cases: readonly Case[]): Scenario {
  return { ...smallGet, name, title: `the small GET, ${what}`, weight: 'further', peers, cases }
}

function a(name: string, setup: Partial<ProxySetup>): Case {
  return { ...plainCase, name, setup: { ...plainSetup, ...setup } }
}
