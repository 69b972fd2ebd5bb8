// HTTP/2 with prior knowledge: 8 connections with 16 requests at once on each, as a few browsers with a page each would have.
import { download64k } from './bodies.ts'
import { jsonRpc } from './json-rpc.ts'
import { plainCase, type Scenario } from './scenario.ts'
import { smallGet } from './small-get.ts'

export const http2Get = over(smallGet, 'http2-get', "GET, a browser's headers, 150-byte JSON answer")
export const http2JsonRpc = over(jsonRpc, 'http2-json-rpc', 'JSON-RPC POST, 2 KB in, 8 KB out')
export const http2Download = over(download64k, 'http2-64k', 'GET, 64 KiB answer')

function over(scenario: Scenario, name: string, what: string): Scenario {
  return {
    ...scenario,
    name,
    title: `HTTP/2: ${what}, 8 connections with 16 streams each`,
    weight: 'further',
    peers: ['vigia', 'haproxy', 'nginx', 'caddy', 'node-http2'],
    connections: 8,
    load: { kind: 'http2', streams: 16 },
    cases: [{ ...plainCase, setup: { ...plainCase.setup, http2: true } }],
  }
}
