// A file of 20 KiB, fetched from the upstream each time and answered from the cache.
import { browserHeaders } from './browser-headers.ts'
import { noise } from './noise.ts'
import { ordinary, plainCase, plainSetup, type Scenario } from './scenario.ts'

export const cached20k: Scenario = {
  ...ordinary,
  name: 'cached-20k',
  title: 'GET, browser headers, 20 KiB answer, 64 keep-alive connections: from the upstream, and from the cache',
  peers: ['vigia', 'nginx'],
  request: { method: 'GET', path: '/assets/web.assets.js', headers: browserHeaders, body: undefined },
  answer: { status: 200, contentType: 'text/javascript', body: noise(20 * 1024) },
  cases: [
    { ...plainCase, name: 'proxied' },
    { ...plainCase, name: 'cached', setup: { ...plainSetup, cache: true } },
  ],
}
