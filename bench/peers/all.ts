// The proxies under test, in the order in which they take turns. `direct` (no proxy) is the runner's own.
import { caddy, haproxy, nginx } from './installed.ts'
import { fastifyProxy, fastProxy, httpProxy, nodeHttp2, nodeTls, undiciProxy } from './packages.ts'
import type { Peer } from './peer.ts'
import { vigia } from './vigia.ts'

export const peers: readonly Peer[] = [
  ...[vigia(), haproxy, nginx, caddy],
  ...[undiciProxy, fastProxy, fastifyProxy, httpProxy, nodeHttp2, nodeTls],
]
