// vigia events: prints what has happened of late; with --follow also what happens from now on, over interruptions of the connection.

import type { ControlEvent, EventsAfter, EventType } from '../../admin/contract/events.ts'
import { momentOf, WHAT_MOMENTS_ARE } from '../../config/forms/units.ts'
import { ASKED } from '../words/exit-codes.ts'
import { printable } from '../words/text.ts'
import { hereZone, localTimeWithOffset, withLocalTimes } from '../words/times.ts'
import { fetchJson, openStream, RefusedByVigia, Unreachable } from './client/admin-client.ts'
import { parseEventStream } from './client/sse.ts'
import { failed } from './operate.ts'

export interface EventsOptions {
  /** Base URL of the admin listener. */
  readonly admin: string
  /** One event a line, as it came. */
  readonly json: boolean
  readonly follow: boolean
  /** Only those after the event with this id. */
  readonly after?: string
  /** Only those of this pool and its upstreams. */
  readonly pool?: string
  readonly type?: EventType
  /** Only those from then on: a time, or how long ago. */
  readonly since?: string
}

const FIRST_PAUSE_MS = 500
const LONGEST_PAUSE_MS = 10_000
/** Vigia sends something at least every 15 s: who hears nothing for that long hears nobody. */
const SILENCE_MS = 45_000

/** Resolves with the exit code; with --follow it never does, unless the first answer is no. */
export async function events({ admin, json, follow, after, pool, type, since }: EventsOptions): Promise<number> {
  if (after !== undefined && !/^\d{1,16}$/.test(after)) {
    console.error(`vigia: ${JSON.stringify(after)} is not the id of an event: a whole number`)
    return ASKED.unreachable
  }
  const sinceMs = since === undefined ? undefined : momentOf(since, Date.now())
  if (since !== undefined && sinceMs === undefined) {
    console.error(`vigia: --since ${JSON.stringify(since)} is ${WHAT_MOMENTS_ARE}`)
    return ASKED.unreachable
  }
  const isWanted = (event: ControlEvent) =>
    (pool === undefined || event.pool === pool) &&
    (type === undefined || event.type === type) &&
    (sinceMs === undefined || Date.parse(event.at) >= sinceMs)
  const print = (event: ControlEvent) => {
    if (isWanted(event)) console.log(json ? JSON.stringify(event) : lineOf(event))
  }
  let known: number
  try {
    const recent = (await fetchJson(admin, `/events?follow=false&after=${after ?? 0}`)) as EventsAfter & {
      newest: number
    }
    if (recent.gap) sayGap()
    for (const event of recent.events) print(event)
    known = recent.newest
  } catch (error) {
    return failed('events', error)
  }
  if (!follow) return ASKED.done
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
    const before = known
    try {
      await listen(admin, known, event => {
        known = event.id
        print(event)
      })
    } catch (error) {
      // A token that is no longer good gets no better by waiting.
      if (error instanceof RefusedByVigia) return failed('events', error)
      if (!(error instanceof Unreachable)) throw error
      console.error(`vigia: ${error.message} Trying again.`)
    }
    if (known !== before) pauseMs = FIRST_PAUSE_MS
    await new Promise(resolve => setTimeout(resolve, pauseMs))
  }
}

/** Resolves or rejects with Unreachable when the stream has ended. */
async function listen(admin: string, after: number, onEvent: (event: ControlEvent) => void): Promise<void> {
  const silence = new AbortController()
  let timer = setTimeout(() => silence.abort(), SILENCE_MS)
  try {
    const stream = await openStream(admin, '/events', { 'last-event-id': String(after) }, silence.signal)
    const parse = parseEventStream(({ type, data }) => {
      if (type === 'gap') sayGap()
      else onEvent(JSON.parse(data) as ControlEvent)
    })
    const decoder = new TextDecoder()
    for await (const chunk of stream) {
      clearTimeout(timer)
      timer = setTimeout(() => silence.abort(), SILENCE_MS)
      parse(decoder.decode(chunk, { stream: true }))
    }
  } catch (error) {
    if (error instanceof Unreachable || error instanceof RefusedByVigia) throw error
    throw new Unreachable(`the connection to vigia at ${admin} is lost.`)
  } finally {
    clearTimeout(timer)
  }
}

function sayGap(): void {
  console.error('vigia: some events in between are not kept any more')
}

function lineOf({ at, type, text, by }: ControlEvent): string {
  const author = by === null || text.includes(`by ${by}`) ? '' : ` (by ${by})`
  const zone = hereZone()
  return printable(`${localTimeWithOffset(at, zone)}  ${type.padEnd(10)}  ${withLocalTimes(text, zone)}${author}`)
}
