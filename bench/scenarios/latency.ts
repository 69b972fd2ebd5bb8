// Latency below saturation: the small GET due at fixed times, half and four fifths of what the slowest of vigia, HAProxy and nginx carries.
import type { Scenario } from './scenario.ts'
import { smallGet } from './small-get.ts'

export const latency50 = atShare(0.5)
export const latency80 = atShare(0.8)

function atShare(share: number): Scenario {
  return {
    ...smallGet,
    name: `latency-${share * 100}`,
    title: `the small GET at a fixed rate, ${share * 100} % of capacity, latency from the time at which a request was due`,
    weight: 'further',
    peers: ['direct', 'vigia', 'haproxy', 'nginx', 'undici'],
    load: { kind: 'share-of-capacity', share },
  }
}
