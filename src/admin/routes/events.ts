// GET /events: what happens, as it happens, as server-sent events; or what has happened of late, as JSON. Who reads too slowly for
// the record to keep up is cut off, and sees a gap when it comes back: nobody's slowness costs memory.

import type { ServerResponse } from 'node:http'
import type { FastifyInstance } from 'fastify'
import type { AdminAccess, Principal } from '../access/auth.ts'
import { sendProblem } from '../answers/problem.ts'
import type { ControlEvent, EventFeed } from '../contract/events.ts'
import { EVENTS_REPLY } from './openapi-schemas.ts'

export interface EventsOptions {
  /** Most that follow at once. */
  readonly clients?: number
  readonly heartbeatMs?: number
  /** Says whether a token that opened a stream still opens it; undefined = there are no tokens. */
  readonly access?: AdminAccess | undefined
}

interface Follower {
  readonly stream: EventStream
  readonly principal: Principal | undefined
}

const CLIENTS = 16
const HEARTBEAT_MS = 15_000
/** Browsers and libraries come back after this time. */
const RETRY_MS = 2000
const ID = '^[0-9]{1,16}$'

const SCHEMA = {
  summary: 'What happens, as server-sent events; with follow=false what has happened of late, as JSON',
  tags: ['events'],
  querystring: {
    type: 'object',
    additionalProperties: false,
    properties: {
      after: {
        type: 'string',
        pattern: ID,
        description: 'Id of the last event that is known; 0 = everything that is kept.',
      },
      follow: { type: 'string', enum: ['true', 'false'], description: 'Default: true.' },
    },
  },
  headers: {
    type: 'object',
    properties: { 'last-event-id': { type: 'string', description: 'As `after`, which goes first.' } },
  },
  produces: ['application/json', 'text/event-stream'],
  response: { 200: EVENTS_REPLY },
}

export function serveEvents(app: FastifyInstance, feed: EventFeed, options: EventsOptions = {}): void {
  const { clients = CLIENTS, heartbeatMs = HEARTBEAT_MS, access } = options
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
      if (followers.size >= clients)
        return sendProblem(
          reply.header('retry-after', '10'),
          503,
          `${clients} clients follow the events already; that is the most`,
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

/** One follower. The record itself is its buffer: it remembers only how far it has come. */
class EventStream {
  readonly #response: ServerResponse
  readonly #feed: EventFeed
  #at: number
  /** It has taken nothing since this many heartbeats. */
  #stuck = 0
  #blocked = false

  constructor(response: ServerResponse, feed: EventFeed, at: number) {
    this.#response = response
    this.#feed = feed
    this.#at = at
  }

  begin(): void {
    this.#response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      // NGINX in front would hold events back.
      'x-accel-buffering': 'no',
    })
    this.#response.on('drain', () => {
      this.#blocked = false
      this.#stuck = 0
      this.pump()
    })
    this.#write(`retry: ${RETRY_MS}\n\n`)
    this.pump()
  }

  /** Writes as much as the client takes. */
  pump(): void {
    if (this.#response.destroyed) return
    if (this.#blocked) {
      // Who reads along and falls behind as far as the record reaches would fall behind again.
      if (this.#at < this.#feed.oldest) this.cut()
      return
    }
    const { events, gap } = this.#feed.after(this.#at)
    if (gap) {
      this.#at = (events[0]?.id ?? this.#feed.newest + 1) - 1
      this.#write(`event: gap\nid: ${this.#at}\ndata: ${JSON.stringify({ oldest: events[0]?.id ?? null })}\n\n`)
    }
    for (const event of events) {
      if (this.#blocked) return
      this.#at = event.id
      this.#write(format(event))
    }
  }

  beat(): void {
    if (!this.#blocked) return this.#write(': still here\n\n')
    this.#stuck += 1
    if (this.#stuck > 1) this.cut()
  }

  end(): void {
    this.#response.end()
  }

  cut(): void {
    this.#response.destroy()
  }

  #write(text: string): void {
    this.#blocked = !this.#response.write(text)
  }
}

function format(event: ControlEvent): string {
  return `event: ${event.type}\nid: ${event.id}\ndata: ${JSON.stringify(event)}\n\n`
}
