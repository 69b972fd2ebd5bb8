// Why: GET /pools/{pool}/upstreams/{upstream} (why it is as it is), GET /requests/{requestId} (what became of it). Reads only.

import type { FastifyInstance } from 'fastify'
import { sendProblem } from '../answers/problem.ts'
import type { Explanations } from '../contract/explanations.ts'
import { sendFound } from './pages.ts'
import { closed, flag, list, number, object, oneOf, orNull, ref, text, time, whole } from './schema-blocks.ts'

const TAGS = ['explain']
/** Of a question: its fields above all. */
const ROUTE_BYTES = 131_072

const PROBE_ANSWER = object({
  at: time(),
  ok: flag(),
  status: orNull(whole()),
  error: orNull(text()),
  durationMs: number(),
  answer: orNull(text('What came back, in a line.')),
  isVoid: flag('It failed by trouble of vigia itself, and counts for nothing.'),
})

const PROBING = object({
  kind: oneOf('http', 'tcp'),
  asks: text(),
  fields: list(text('`***` stands for what may be a credential.')),
  bodyBytes: whole(),
  expects: list(text('What counts as well.')),
  intervalMs: number(),
  timeoutMs: number(),
  rise: whole(),
  fall: whole(),
})

const TRY = object({
  upstream: text(),
  afterMs: number('Since the request had come.'),
  tookMs: number(),
  reused: flag('It rode a connection that had served an earlier request.'),
  connectMs: number(),
  bytesSent: whole('Of the request.'),
  status: whole('Of its answer; 0 = none came.'),
  failure: text('Empty: it did not fail.'),
  proof: text('Why another attempt was provably safe; empty: none followed.'),
  stale: flag('The upstream had closed the idle connection just then.'),
  last: text('Why none followed; empty: one did, or it did not fail.'),
})

const STORY = object(
  {
    requestId: text(),
    atMs: number('When it ended, ms since 1970.'),
    worker: whole(),
    client: text('Its address.'),
    listener: text(),
    protocol: text(),
    method: text(),
    host: text(),
    path: text('Without the query.'),
    route: text('Empty: none was found.'),
    pool: text(),
    upstream: text(),
    status: whole('0 = the client got no answer.'),
    end: text('As in the access log.'),
    cache: text(),
    bytesIn: whole(),
    bytesOut: whole(),
    queueMs: number(),
    firstByteMs: number(),
    totalMs: number(),
    tries: list(TRY),
    inDoubt: flag('Nobody knows whether it was carried out.'),
    window: object({ name: text(), reason: text(), untilMs: number() }, ['untilMs']),
    considered: list(
      object({
        upstream: text(),
        availability: oneOf('unknown', 'available', 'draining', 'out', 'disabled'),
        weight: number(),
        priority: whole(),
      }),
    ),
  },
  ['window', 'considered'],
)

const ROUTE = object(
  {
    request: object(
      {
        method: text(),
        target: text(),
        host: text(),
        path: text('As routes are matched with.'),
        listener: text(),
        listenerAddress: text(),
        listenerIsMeant: flag('False: no listener has the scheme and port of the URL, this one stands in.'),
        scheme: oneOf('http', 'https'),
        client: text('As far as it is believed.'),
        isTrusted: flag('The connection comes from a trusted proxy.'),
      },
      ['path'],
    ),
    answer: object(
      { status: whole(), code: text("As in the access log's `end`."), location: text(), retryAfterS: number() },
      ['location', 'retryAfterS'],
    ),
    passedOver: list(
      object({ route: text(), because: list(oneOf('listeners', 'hosts', 'path', 'methods', 'clientCertificate')) }),
    ),
    passedOverMore: whole(),
    route: { type: 'object', description: 'What the route makes of it: access, windows, limits, cache, retries.' },
    pool: { type: 'object', description: 'Among whom an upstream would be chosen.' },
  },
  ['answer', 'route', 'pool'],
)

const SCHEMAS = {
  upstream: {
    summary: 'Why an upstream is as it is: its newest probes, holds, ejection, windows, events',
    tags: TAGS,
    response: {
      200: {
        description: 'The upstream as on /status, and what is behind it.',
        ...object(
          {
            pool: text(),
            upstream: ref('Upstream'),
            othersAvailable: whole('Of its pool, now.'),
            probing: PROBING,
            probes: list(PROBE_ANSWER),
            ejection: orNull(
              object({
                status: oneOf('ejected', 'probation'),
                since: time(),
                until: orNull(time()),
                reason: text(),
                times: whole(),
              }),
            ),
            slowStart: orNull(object({ since: time(), sharePercent: whole() })),
            windows: list({ type: 'object', description: 'As on /maintenance/windows, without dates to come.' }),
            events: list({ type: 'object', description: 'As on /events.' }),
          },
          ['probing'],
        ),
      },
    },
  },
  route: {
    summary: 'What would happen to a request now: nothing is sent, counted or changed',
    tags: TAGS,
    body: closed(
      {
        method: { type: 'string', minLength: 1, maxLength: 64 },
        url: { type: 'string', minLength: 1, maxLength: 8192, description: 'https://host[:port]/path, or a path.' },
        headers: { ...list({ type: 'string', maxLength: 16384 }), maxItems: 200, description: '`name: value`' },
        from: { type: 'string', maxLength: 64, description: 'Address that its connection comes from.' },
        listener: { type: 'string', maxLength: 63, description: 'Default: the one that the URL leads to.' },
      },
      ['url'],
    ),
    response: { 200: { description: 'Step by step.', ...ROUTE } },
  },
  request: {
    summary: 'What became of a request that was not plain: refused, failed, tried again, in doubt, answered 5xx',
    tags: TAGS,
    response: {
      200: {
        description: 'Empty lists where nothing is known of it: it was plain, or is too long ago.',
        ...object({
          requestId: text(),
          stories: list(STORY),
          inDoubt: list(ref('InDoubt')),
          silentWorkers: list(whole('Did not answer in time.')),
          accessLog: object({ enabled: flag(), destination: text(), sampled: flag() }),
        }),
      },
    },
  },
} as const

interface AskedRoute {
  readonly method?: string
  readonly url: string
  readonly headers?: readonly string[]
  readonly from?: string
  readonly listener?: string
}

export function serveExplanations(app: FastifyInstance, explanations: Explanations): void {
  app.get<{ Params: { pool: string; upstream: string } }>(
    '/pools/:pool/upstreams/:upstream',
    { schema: SCHEMAS.upstream },
    async ({ params: { pool, upstream } }, reply) => sendFound(reply, explanations.upstream(pool, upstream)),
  )
  app.get<{ Params: { requestId: string } }>('/requests/:requestId', { schema: SCHEMAS.request }, async request =>
    explanations.request(request.params.requestId),
  )
  app.post<{ Body: AskedRoute }>(
    '/route',
    {
      schema: SCHEMAS.route,
      bodyLimit: ROUTE_BYTES,
      config: { role: 'read' },
    },
    async ({ body: { method = 'GET', url, headers = [], from = '127.0.0.1', listener } }, reply) => {
      const fields = headers.map(fieldOf)
      const wrong = fields.indexOf(undefined)
      if (wrong !== -1) return sendProblem(reply, 400, `headers.${wrong} is no field: name: value`)
      const known = fields.filter(each => each !== undefined)
      return sendFound(reply, await explanations.route({ method, url, fields: known, from, listener }))
    },
  )
}

/** `Cookie: a=b`; undefined = it is no field. */
function fieldOf(text: string): readonly [string, string] | undefined {
  const [, name, value] = /^([^:\s]+):[ \t]*(.*)$/s.exec(text) ?? []
  return name === undefined ? undefined : [name, value!]
}
