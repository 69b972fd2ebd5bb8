// The scenarios of the suite, in the order in which they run; neighbours of equal set-up share the running proxies.
import { chunked, download1m, download64k, upload10m } from './bodies.ts'
import { cached20k } from './cached.ts'
import { codings, compress8k, compress64k } from './compression.ts'
import { idle1k, idle10k, newConnection, pipelining } from './connections.ts'
import { http2Download, http2Get, http2JsonRpc } from './http2.ts'
import { jsonRpc } from './json-rpc.ts'
import { latency50, latency80 } from './latency.ts'
import type { Scenario } from './scenario.ts'
import { accessLog, accessLogSampled, oneDown, reload, routes, scrape, upstreams, workers } from './set-ups.ts'
import { smallGet } from './small-get.ts'
import { tlsDownload, tlsFull, tlsGet, tlsResumed } from './tls.ts'
import { websocket16k, websocket64 } from './websocket.ts'

export const scenarios: readonly Scenario[] = [
  ...[smallGet, jsonRpc, download64k, download1m],
  ...[newConnection, pipelining, latency50, latency80],
  ...[compress8k, compress64k, codings],
  ...[tlsGet, tlsDownload, tlsFull, tlsResumed],
  ...[http2Get, http2JsonRpc, http2Download],
  cached20k,
  ...[upload10m, chunked, websocket64, websocket16k],
  ...[upstreams, routes, accessLog, accessLogSampled, oneDown, scrape, reload, workers],
  ...[idle1k, idle10k],
]

/** Throws for a name that does not exist. */
export function scenarioNamed(name: string): Scenario {
  const found = scenarios.find(scenario => scenario.name === name)
  if (found === undefined) throw new Error(`there is no scenario "${name}"`)
  return found
}
