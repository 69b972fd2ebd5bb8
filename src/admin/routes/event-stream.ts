// Server-sent events to one follower: as many as it takes, heartbeats, and a gap where some are not kept any more. A follower that reads too
// slowly is cut off, and is told of the gap when it comes back: a slow reader costs no memory.

import type { ServerResponse } from 'node:http'
import type { ControlEvent, EventFeed } from '../contract/events.ts'

/** Browsers and libraries come back after this time. */
const RETRY_MS = 2000

/** The feed itself is its buffer: it remembers only how far it has come. */
export class EventStream {
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
      // The feed has dropped events that this follower has not read yet. It would fall behind again.
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
