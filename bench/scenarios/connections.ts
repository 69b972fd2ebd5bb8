// What connections cost: one for each request, thousands that are mostly idle, requests that don't wait for each other.
import { browserHeaders } from './browser-headers.ts'
import { ordinary, plainCase, plainSetup, type Scenario } from './scenario.ts'
import { smallGet } from './small-get.ts'

export const newConnection: Scenario = {
  ...smallGet,
  name: 'new-connection',
  title: 'the small GET, a new connection from the client for each request, 64 at a time',
  weight: 'further',
  peers: ['direct', 'vigia', 'haproxy', 'nginx', 'http-proxy'],
  request: {
    ...smallGet.request,
    headers: browserHeaders.map(([name, value]) => [name, name === 'Connection' ? 'close' : value]),
  },
  load: { kind: 'closed', perConnection: 'one-request', pipelined: 1 },
}

export const pipelining: Scenario = {
  ...smallGet,
  name: 'pipelining',
  title: 'the small GET, 16 requests in a row on each of 64 connections before an answer is awaited',
  weight: 'further',
  peers: ['direct', 'vigia', 'haproxy', 'nginx'],
  load: { kind: 'closed', perConnection: 'keep-alive', pipelined: 16 },
}

export const idle1k = mostlyIdle('idle-1k', 1000)
export const idle10k = mostlyIdle('idle-10k', 10_000)

function mostlyIdle(name: string, connections: number): Scenario {
  return {
    ...ordinary,
    name,
    title: `${connections} keep-alive connections that together send 500 small GETs a second, in turn`,
    request: smallGet.request,
    answer: smallGet.answer,
    peers: ['vigia', 'haproxy', 'nginx', 'undici'],
    connections,
    load: { kind: 'fixed-rate', requestsPerS: 500 },
    cases: [{ ...plainCase, setup: { ...plainSetup, connections: connections + 500 } }],
    freshEachRound: true,
  }
}
