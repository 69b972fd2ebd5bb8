// GET /events: what happens, as server-sent events; with follow=false what has happened of late, as JSON. Knows who follows, and how many may.

import type { FastifyInstance } from 'fastify'
import type { AdminAccess } from '../access/admin-access.ts'
import type { Principal } from '../access/tokens.ts'
import { sendProblem } from '../answers/problem.ts'
import type { EventFeed } from '../contract/events.ts'
import { EventStream } from './event-stream.ts'
import { closed, flag, list, object, oneOf, orNull, ref, type Schema, text, time, whole } from './schema-blocks.ts'

export interface EventsOptions {
  /** Most that follow at once; it may be another number since a reload. */
  readonly most?: () => number | undefined
  readonly heartbeatMs?: number
  /** Says whether a token that opened a stream still opens it; undefined = there are no tokens. */
  readonly access?: AdminAccess | undefined
}

interface Follower {
  readonly stream: EventStream
  readonly principal: Principal | undefined
}

const MOST_FOLLOWERS = 16
const HEARTBEAT_MS = 15_000
const ID = '^[0-9]{1,16}$'

const EVENT: Schema = {
  $id: 'Event',
  ...object({
    id: whole('Increases with each event.'),
    at: time(),
    type: oneOf('transition', 'notice', 'standby', 'reload', 'window', 'in-doubt', 'resolution', 'worker', 'name'),
    text: text(),
    pool: orNull(text()),
    upstream: orNull(text()),
    by: orNull(text()),
    detail: { type: 'object' },
  }),
}

const SCHEMA = {
  summary: 'What happens, as server-sent events; with follow=false what has happened of late, as JSON',
  tags: ['events'],
  querystring: closed({
    after: {
      type: 'string',
      pattern: ID,
      description: 'Id of the last event that is known; 0 = everything that is kept.',
    },
    follow: { ...oneOf('true', 'false'), description: 'Default: true.' },
  }),
  headers: {
    type: 'object',
    properties: { 'last-event-id': { type: 'string', description: 'As `after`, which goes first.' } },
  },
  produces: ['application/json', 'text/event-stream'],
  response: {
    200: {
      description:
        'With follow=false. Else a stream of server-sent events: `event` is the type, `id` the id, `data` an Event; `gap` says that some are not kept any more.',
      content: {
        'application/json': {
          schema: object({ newest: whole(), gap: flag(), events: list(ref('Event')) }),
        },
        'text/event-stream': { schema: text() },
      },
    },
  },
}

export function serveEvents(app: FastifyInstance, feed: EventFeed, options: EventsOptions = {}): void {
  const { most = () => undefined, heartbeatMs = HEARTBEAT_MS, access } = options
  app.addSchema(EVENT)
  const followers = new Set<Follower>()
  const heartbeat = setInterval(() => {
    for (const { stream, principal } of followers) {
      // A token that was taken out of the configuration ends what it opened.
      if (access !== undefined && !access.stillKnows(principal)) stream.end()
      else stream.beat()
    }
  }, heartbeatMs)
  heartbeat.unref()
  const unsubscribe = feed.subscribe(() => {
    for (const { stream } of followers) stream.pump()
  })
  app.addHook('onClose', async () => {
    clearInterval(heartbeat)
    unsubscribe()
  })

  app.get<{ Querystring: { after?: string; follow?: string } }>(
    '/events',
    { schema: SCHEMA, exposeHeadRoute: false },
    async (request, reply) => {
      const { after, follow } = request.query
      const last = request.headers['last-event-id']
      const wanted = after ?? (typeof last === 'string' && new RegExp(ID).test(last) ? last : undefined)
      if (follow === 'false') {
        const { events, gap } = feed.after(Number(wanted ?? 0))
        return { newest: feed.newest, gap, events }
      }
      const places = most() ?? MOST_FOLLOWERS
      if (followers.size >= places)
        return sendProblem(
          reply.header('retry-after', '10'),
          503,
          `${places} clients follow the events already; that is the most (admin.followers)`,
        )
      reply.hijack()
      const stream = new EventStream(reply.raw, feed, wanted === undefined ? feed.newest : Number(wanted))
      const follower = { stream, principal: request.principal }
      followers.add(follower)
      reply.raw.on('close', () => followers.delete(follower))
      stream.begin()
      return reply
    },
  )
}
