// What is to be said of Traefik's keys that no code converts.

import type { Directive } from '../directive.ts'
import type { NoteKind } from '../draft.ts'

type Said = readonly [NoteKind, string]

const GROUPS: readonly (readonly [NoteKind, string, readonly string[]])[] = [
  ['unconverted', 'vigia balances HTTP', ['tcp', 'udp']],
  [
    'unconverted',
    'vigia knows its upstreams from its configuration: labels and other providers are not read',
    [
      'docker',
      'swarm',
      'kubernetesIngress',
      'kubernetesCRD',
      'kubernetesGateway',
      'consul',
      'consulCatalog',
      'etcd',
      'nomad',
      'ecs',
      'redis',
      'zooKeeper',
      'rest',
      'http',
      'marathon',
      'rancher',
    ],
  ],
  [
    'differs',
    'statistics are on the admin listener of vigia: vigia status, /metrics',
    ['api', 'metrics', 'ping', 'tracing'],
  ],
  [
    'differs',
    'vigia writes one JSON line for each request to standard output (accessLog), and its own log to standard error',
    ['log', 'accessLog'],
  ],
  [
    'needless',
    'how Traefik itself runs',
    [
      'global',
      'pilot',
      'experimental',
      'watch',
      'providersThrottleDuration',
      'hostResolver',
      'core',
      'spiffe',
      'reusePort',
      'lifeCycle',
      'http2',
      'http3',
      'observability',
      'debugLogGeneratedTemplate',
    ],
  ],
  [
    'needless',
    'vigia has one list of connections for each upstream: idleConnections',
    ['maxIdleConnsPerHost', 'idleConnTimeout', 'disableHTTP2', 'peerCertURI', 'readIdleTimeout', 'pingTimeout'],
  ],
  ['unconverted', 'vigia waits for slow clients as limits.minRate says', ['readTimeout', 'writeTimeout']],
]

const SAID: ReadonlyMap<string, Said> = new Map(
  GROUPS.flatMap(([kind, message, names]) => names.map(name => [name.toLowerCase(), [kind, message]] as const)),
)

export function saidOf({ name }: Directive): Said | undefined {
  return SAID.get(name.toLowerCase())
}
