// What a vigia, its pools and its upstreams look like in the OpenAPI document; the types are in contract/.

import { CACHE } from './cache.ts'
import { INTEGRATIONS } from './held/schemas.ts'
import { flag, list, number, object, oneOf, orNull, ref, type Schema, text, time, whole } from './schema-blocks.ts'

const CLASSES = object(Object.fromEntries(['1xx', '2xx', '3xx', '4xx', '5xx'].map(name => [name, whole()])))

/** Of the last ten seconds. */
const RECENT = {
  rate: number('Answers per second.'),
  p50Ms: orNull(number('Half of them had begun by then.')),
  p99Ms: orNull(whole('99 of 100 had.')),
}

export const UPSTREAM: Schema = {
  $id: 'Upstream',
  ...object({
    name: text(),
    url: text('scheme://host:port'),
    resolved: orNull(
      object({
        addresses: list(text()),
        problem: orNull(object({ why: text('Why the newest answer brought none.'), since: time() })),
      }),
    ),
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
        ok: flag(),
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
    idleLimitedUntil: orNull(time()),
    holdsWorkers: orNull(
      text('By what it was found to hold a worker for each connection: `server`, `endings` or `starved`.'),
    ),
    tunnels: whole(),
    ...RECENT,
    responses: CLASSES,
    errors: whole('Attempts that failed, each once: answers 5xx of its own, and all of `failures`.'),
    failures: object({ connect: whole(), transport: whole(), timeout: whole() }),
    retries: whole(),
    inDoubt: whole(),
    clientAborts: whole(),
    connectionsOpened: whole(),
    connectionsReused: whole(),
    bytesIn: number(),
    bytesOut: number(),
  }),
}

export const POOL: Schema = {
  $id: 'Pool',
  ...object({
    name: text(),
    ...RECENT,
    available: whole('Upstreams that get new work.'),
    waiting: whole('Requests that wait for an upstream.'),
    queue: object({ max: orNull(whole()), queued: whole(), waitedS: number(), full: whole(), timeouts: whole() }),
    breaker: object({ requests: whole(), pending: whole(), refusals: whole() }),
    answers: CLASSES,
    inDoubtOpen: whole('Requests in doubt that nobody has settled.'),
    inDoubt: whole('Since the start.'),
    failback: oneOf('automatic', 'manual'),
    priorities: object({
      inUse: orNull(whole()),
      floor: whole(),
      awaitsFailback: orNull(whole()),
      standby: list(object({ priority: whole(), since: orNull(time()), requests: whole() })),
    }),
    outage: orNull(object({ since: time(), answers: CLASSES, inDoubt: whole(), planned: whole() })),
    upstreams: list(ref('Upstream')),
  }),
}

export const STATUS: Schema = {
  $id: 'Status',
  ...object(
    {
      version: text(),
      revision: whole('Of the configuration in use.'),
      configuration: object({
        revision: whole(),
        appliedAt: time(),
        source: oneOf('start', 'file', 'signal', 'api', 'cli', 'program'),
        file: orNull(text()),
        lastReload: orNull(object({ at: time(), ok: flag(), error: orNull(text()) })),
        fileDiffers: orNull(
          object({
            why: oneOf('refused', 'frozen', 'not-in-file', 'last-good'),
            since: time(),
            problem: orNull(text()),
            nextStart: oneOf('fails', 'file', 'last-good'),
          }),
        ),
      }),
      state: oneOf('starting', 'ready', 'draining'),
      startedAt: time(),
      uptimeS: number(),
      listeners: list(object({ name: text(), address: text() })),
      workers: list(
        object({
          worker: whole(),
          state: oneOf('starting', 'ready', 'stalled', 'draining', 'gone'),
          revision: whole(),
          since: time(),
          restarts: whole(),
          stalls: whole('How often it stood still for a second or longer.'),
        }),
      ),
      clients: object({
        connections: whole(),
        limit: whole('Most at once, for each listener and worker.'),
        limitWarning: orNull(text('Why that is less than the configuration says, and what to do.')),
        rejects: whole(),
        overLimit: whole(),
        answers: CLASSES,
      }),
      accessLog: object({
        enabled: flag(),
        destination: text('`stdout`, or a path.'),
        sampled: flag('Not every request gets a line.'),
      }),
      store: orNull(
        object({
          state: oneOf('ok', 'degraded', 'opening'),
          reason: orNull(text('What is wrong, and what to do.')),
          since: orNull(time()),
          waiting: whole('Rows that are not on the disk yet.'),
          dropped: whole('Rows that were given up since the start.'),
          ordersFrom: {
            ...oneOf('store', 'copy', 'nowhere'),
            description:
              'Of those from before the start. `copy` = the store could not be read, the copy beside it counts; `nowhere` = they are not known.',
          },
        }),
      ),
      pools: list(ref('Pool')),
      certificates: list(ref('Certificate')),
      authorities: list(ref('Authority')),
      cache: CACHE,
      integrations: INTEGRATIONS,
      buffers: object({
        memoryBytes: whole('Of bodies of requests and answers that wait, now, over all workers.'),
        memoryLimitBytes: whole(),
        diskBytes: whole(),
        diskLimitBytes: whole(),
        files: whole(),
        requests: whole('Since the start: bodies that were gathered before an upstream was chosen.'),
        answers: whole('Since the start: answers that clients took more slowly than upstreams gave them.'),
        answerBytes: whole('Of these answers, bytes that had to wait.'),
        spooledBytes: whole('Of both, bytes that were written to files.'),
        savedSeconds: object({
          requests: number('For how long slow clients would have held an upstream.'),
          answers: number(),
        }),
        troubles: {
          type: 'object',
          additionalProperties: whole(),
          description: 'Bodies that were streamed from some place on, as without a buffer, by why.',
        },
      }),
      acme: ref('Acme'),
    },
    ['certificates', 'authorities', 'acme', 'cache', 'buffers', 'integrations'],
  ),
}
