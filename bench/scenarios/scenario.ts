// What one scenario is: the request that the load sends, the answer that must come back, how the load is driven, and the set-ups
// that are compared. Data only: it starts nothing and knows no proxy.

export interface Scenario {
  readonly name: string
  /** One line for the report. */
  readonly title: string
  /** `core` = run at full length by `npm run bench`; the others get a short form there. */
  readonly weight: 'core' | 'further'
  /** Peers that take part; undefined = all. */
  readonly peers: readonly string[] | undefined
  /** `static` = finished answers from nginx where installed; `streaming` = on Node: uploads that are checked, chunks, WebSocket. */
  readonly upstream: 'static' | 'streaming'
  readonly request: ScenarioRequest
  readonly answer: ScenarioAnswer
  /** Connections from the load generator. */
  readonly connections: number
  readonly load: LoadKind
  /** Every proxy runs every one of them, side by side in the same rounds; the first is the one that the others are compared with. */
  readonly cases: readonly Case[]
  /** A proxy is started anew for each round: memory that an earlier round gave back to the allocator would hide what connections cost. */
  readonly freshEachRound: boolean
}

export type LoadKind =
  /** As fast as it goes; each connection waits for its answer. */
  | { readonly kind: 'closed'; readonly perConnection: 'keep-alive' | 'one-request'; readonly pipelined: number }
  /** Requests are due at fixed times whatever the answers do; latency counts from the time at which a request was due. */
  | { readonly kind: 'share-of-capacity'; readonly share: number }
  | { readonly kind: 'fixed-rate'; readonly requestsPerS: number }
  /** As fast as it goes over HTTP/2: each connection has this many requests at once. */
  | { readonly kind: 'http2'; readonly streams: number }
  /** HTTP/1.1 over TLS: `once` = requests on kept connections, else handshakes only. */
  | { readonly kind: 'tls'; readonly handshakes: 'once' | 'full' | 'resumed' }
  /** Each connection sends a message and waits for its echo. */
  | { readonly kind: 'websocket'; readonly messageBytes: number }

/** One set-up of a proxy. */
export interface Case {
  /** '' where a scenario has only one. */
  readonly name: string
  readonly setup: ProxySetup
  /** Its metrics are read this often while it is measured, ms; 0 = never. */
  readonly scrapeEveryMs: number
  /** vigia only: it reads its configuration again every second, its file touched or changed before. */
  readonly reload: 'never' | 'touched' | 'changed'
}

export interface ProxySetup {
  readonly upstreams: number
  /** This many of them refuse connections. */
  readonly upstreamsDown: number
  /** Routes by path prefix before the one that matches, itself included. */
  readonly routes: number
  /** `sampled`: a line for one request in ten, vigia only. */
  readonly accessLog: boolean | 'sampled'
  /** By which coding answers are compressed, at its fastest level; all but gzip: vigia only. */
  readonly compress: 'off' | 'gzip' | 'br' | 'zstd'
  /** Worker threads or processes; each may use a core. */
  readonly workers: number
  /** Client connections that it must accept at once. */
  readonly connections: number
  /** Clients speak HTTP/2 with prior knowledge. */
  readonly http2: boolean
  /** Clients speak TLS. */
  readonly tls: boolean
  /** Answers are stored for an hour (vigia, nginx). */
  readonly cache: boolean
}

export interface ScenarioRequest {
  readonly method: 'GET' | 'POST'
  readonly path: string
  /** Host first, in the order in which they go on the wire; Content-Length is added for a body. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: Buffer | undefined
}

export interface ScenarioAnswer {
  readonly status: number
  readonly contentType: string
  readonly body: Buffer
}

export const keepAlive = { kind: 'closed', perConnection: 'keep-alive', pipelined: 1 } as const

export const plainSetup: ProxySetup = {
  upstreams: 1,
  upstreamsDown: 0,
  routes: 1,
  accessLog: false,
  compress: 'off',
  workers: 1,
  connections: 2000,
  http2: false,
  tls: false,
  cache: false,
}

export const plainCase: Case = { name: '', setup: plainSetup, scrapeEveryMs: 0, reload: 'never' }

/** What most scenarios have in common. */
export const ordinary = {
  weight: 'further',
  peers: undefined,
  upstream: 'static',
  connections: 64,
  load: keepAlive,
  cases: [plainCase],
  freshEachRound: false,
} as const satisfies Partial<Scenario>

/** The headers with Content-Length where there is a body. */
export function wireHeaders({ headers, body }: ScenarioRequest): (readonly [string, string])[] {
  return body === undefined ? [...headers] : [...headers, ['Content-Length', String(body.length)]]
}

/** The whole request as it goes on the wire. */
export function wireRequest(request: ScenarioRequest): Buffer {
  const head = wireHeaders(request).map(([name, value]) => `${name}: ${value}\r\n`)
  const text = `${request.method} ${request.path} HTTP/1.1\r\n${head.join('')}\r\n`
  return Buffer.concat([Buffer.from(text), request.body ?? Buffer.alloc(0)])
}
