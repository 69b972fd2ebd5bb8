// What the answers of the admin listener look like, as JSON Schema for the OpenAPI document. It describes; answers are never changed by
// it. Keys may be added to answers at any time, so none of these is closed.

type Schema = Readonly<Record<string, unknown>>

const text = (description?: string): Schema => ({
  type: 'string',
  ...(description === undefined ? {} : { description }),
})
const whole = (description?: string): Schema => ({
  type: 'integer',
  ...(description === undefined ? {} : { description }),
})
const number = (description?: string): Schema => ({
  type: 'number',
  ...(description === undefined ? {} : { description }),
})
const time = (description?: string): Schema => ({ ...text(description), format: 'date-time' })
const oneOf = (...values: string[]): Schema => ({ type: 'string', enum: values })
const list = (items: Schema): Schema => ({ type: 'array', items })
const orNull = (schema: Schema): Schema =>
  typeof schema.type === 'string' && !('enum' in schema)
    ? { ...schema, type: [schema.type, 'null'] }
    : { anyOf: [schema, { type: 'null' }] }
const ref = (id: string): Schema => ({ $ref: `${id}#` })
const flag: Schema = { type: 'boolean' }
/** All keys are there, unless `optional` names them. */
const object = (properties: Record<string, Schema>, optional: readonly string[] = []): Schema => ({
  type: 'object',
  properties,
  required: Object.keys(properties).filter(key => !optional.includes(key)),
})

const CLASSES = object(Object.fromEntries(['1xx', '2xx', '3xx', '4xx', '5xx'].map(name => [name, whole()])))

/** Parts that routes refer to; each becomes a component of the document. */
export const COMPONENTS: readonly Schema[] = [
  {
    $id: 'Problem',
    description: 'What went wrong, as RFC 9457 has it.',
    ...object({
      type: text(),
      title: text(),
      status: whole(),
      detail: text('One line: what is wrong, and what to do.'),
    }),
  },
  {
    $id: 'Upstream',
    ...object({
      name: text(),
      url: text('scheme://host:port'),
      state: oneOf('unknown', 'available', 'draining', 'out', 'disabled'),
      why: text('Why it is in this state: one line.'),
      since: time(),
      weight: number('As configured.'),
      effectiveWeight: number('What it gets now.'),
      weightOverride: orNull(
        object({ weight: number(), percent: orNull(number()), reason: text(), by: text(), since: time() }),
      ),
      priority: whole(),
      holds: list(
        object({
          source: text('operator, agent (the node itself), window'),
          status: oneOf('draining', 'disabled'),
          reason: text(),
          by: text(),
          since: time(),
          deadline: orNull(time()),
        }),
      ),
      drain: orNull(
        object({
          since: time(),
          by: text(),
          reason: text(),
          deadline: orNull(time()),
          remaining: object({ inFlight: whole(), longPolls: whole(), tunnels: whole(), sessions: whole() }),
          freeAt: orNull(time()),
        }),
      ),
      lastProbe: orNull(
        object({
          at: time(),
          ok: flag,
          status: orNull(whole()),
          error: orNull(text()),
          durationMs: number(),
        }),
      ),
      lastFailure: orNull(object({ at: time(), error: text() })),
      probes: object({ ok: whole(), failed: whole() }),
      inFlight: whole(),
      limit: orNull(whole()),
      places: whole(),
      longPolls: whole(),
      connections: whole(),
      tunnels: whole(),
      rate: number(),
      p99Ms: orNull(whole()),
      responses: CLASSES,
      failures: object({ connect: whole(), transport: whole(), timeout: whole() }),
      retries: whole(),
      inDoubt: whole(),
      clientAborts: whole(),
      connectionsOpened: whole(),
      connectionsReused: whole(),
      bytesIn: number(),
      bytesOut: number(),
    }),
  },
  {
    $id: 'Pool',
    ...object({
      name: text(),
      available: whole('Upstreams that get new work.'),
      waiting: whole('Requests that wait for an upstream.'),
      queue: object({ max: orNull(whole()), queued: whole(), waitedS: number(), full: whole(), timeouts: whole() }),
      breaker: object({ requests: whole(), pending: whole(), refusals: whole() }),
      answers: CLASSES,
      inDoubtOpen: whole('Requests in doubt that nobody has settled.'),
      inDoubt: whole('Since the start.'),
      failback: oneOf('automatic', 'manual'),
      priorities: object({ inUse: orNull(whole()), floor: whole(), awaitsFailback: orNull(whole()) }),
      upstreams: list(ref('Upstream')),
    }),
  },
  {
    $id: 'Status',
    ...object({
      version: text(),
      revision: whole('Of the configuration in use.'),
      state: oneOf('starting', 'ready', 'draining'),
      startedAt: time(),
      uptimeS: number(),
      listeners: list(object({ name: text(), address: text() })),
      workers: list(
        object({
          worker: whole(),
          state: oneOf('starting', 'ready', 'draining', 'gone'),
          revision: whole(),
          since: time(),
          restarts: whole(),
        }),
      ),
      clients: object({ connections: whole(), rejects: whole(), overLimit: whole(), answers: CLASSES }),
      store: orNull(
        object({
          state: oneOf('ok', 'degraded', 'opening'),
          reason: orNull(text('What is wrong, and what to do.')),
          since: orNull(time()),
          waiting: whole('Rows that are not on the disk yet.'),
          dropped: whole('Rows that were given up since the start.'),
        }),
      ),
      pools: list(ref('Pool')),
    }),
  },
  {
    $id: 'InDoubt',
    description: 'An unsafe request whose fate is unknown.',
    ...object({
      at: time(),
      requestId: text(),
      route: text(),
      pool: text(),
      upstream: text(),
      method: text(),
      path: text('Without the query.'),
      idempotencyKey: orNull(text()),
      client: text('Its address.'),
      bytesSent: number(),
      stage: oneOf('sent', 'responding'),
      cause: text(),
      resolved: orNull(
        object({ resolution: oneOf('done', 'not-done', 'ignored'), note: text(), by: text(), at: time() }),
      ),
    }),
  },
  {
    $id: 'Event',
    ...object({
      id: whole('Increases with each event.'),
      at: time(),
      type: oneOf('transition', 'notice', 'reload', 'window', 'in-doubt', 'resolution', 'worker'),
      text: text(),
      pool: orNull(text()),
      upstream: orNull(text()),
      by: orNull(text()),
      detail: { type: 'object' },
    }),
  },
]

export const PROBLEM_REPLY = {
  description: 'What went wrong.',
  content: { 'application/problem+json': { schema: ref('Problem') } },
}
export const STATUS_REPLY = { description: 'All there is to know.', ...ref('Status') }
export const POOL_REPLY = { description: 'The pool as it is now.', ...ref('Pool') }
export const UPSTREAM_REPLY = { description: 'The upstream as it is now.', ...ref('Upstream') }
export const IN_DOUBT_REPLY = {
  description: 'Newest first.',
  ...object({
    total: whole('Since the start.'),
    dropped: whole('Of these, those that are no longer kept.'),
    open: whole('Of those that are kept, those that nobody has settled.'),
    records: list(ref('InDoubt')),
  }),
}
export const RESOLVED_REPLY = {
  description: 'The records of that request.',
  ...object({ records: list(ref('InDoubt')) }),
}
export const EVENTS_REPLY = {
  description:
    'With follow=false. Else a stream of server-sent events: `event` is the type, `id` the id, `data` an Event; `gap` says that some are not kept any more.',
  content: {
    'application/json': {
      schema: object({ newest: whole(), gap: flag, events: list(ref('Event')) }),
    },
    'text/event-stream': { schema: text() },
  },
}
export const plainReply = (description: string) => ({ description, content: { 'text/plain': { schema: text() } } })
