// The newest events, in a file beside the store (`STORE.events`, a line of JSON each), so that GET /events knows after a restart what came
// before it. What can't be written is lost to the next start, and is said once; nobody waits for it.

import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import type { ControlEvent } from '../../admin/contract/events.ts'
import { readRegularFile } from '../../config/read/regular-file.ts'
import type { Logger } from '../../logging/logger.ts'
import { replaceFile } from '../../util/replace-file.ts'
import type { Feed } from '../events/feed.ts'

/** The file is written anew, with fewer, before it comes to what is read of one, which is 1 MiB. */
const MOST_BYTES = 768 * 1024
const KEPT_BYTES = 256 * 1024
const APPEND = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW
const CLOSE_MS = 500

export class KeptEvents {
  readonly #path: string
  readonly #feed: Feed
  readonly #logger: Logger
  /** Id of the newest that is written, or was tried. */
  #at: number
  #bytes = 0
  #writing: Promise<void> | undefined
  #isSaid = false

  constructor(store: string, feed: Feed, logger: Logger) {
    this.#path = `${store}.events`
    this.#feed = feed
    this.#logger = logger
    this.#at = feed.newest
  }

  /** To be called once the store is open: it is nobody else's. */
  start(): void {
    try {
      const file = readRegularFile(this.#path, constants.O_NOFOLLOW)
      if ('bytes' in file) {
        this.#feed.restore(eventsIn(file.bytes.toString()))
        this.#bytes = file.bytes.length
      } else this.#bytes = MOST_BYTES
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') this.#say(error)
    }
    this.#feed.subscribe(() => this.#write())
    this.#write()
  }

  /** Resolves when all is written, or after half a second. */
  async close(): Promise<void> {
    const late = new Promise<void>(resolve => setTimeout(resolve, CLOSE_MS).unref())
    await Promise.race([this.#writing, late])
  }

  #write(): void {
    this.#writing ??= this.#writeAll().finally(() => {
      this.#writing = undefined
    })
  }

  async #writeAll(): Promise<void> {
    while (this.#at < this.#feed.newest) {
      const text = linesOf(this.#feed.after(0).events.filter(({ id }) => id > this.#at))
      this.#at = this.#feed.newest
      try {
        if (this.#bytes + Buffer.byteLength(text) > MOST_BYTES) await this.#writeAnew()
        else await this.#append(text)
      } catch (error) {
        this.#say(error)
      }
    }
  }

  async #append(text: string): Promise<void> {
    const file = await open(this.#path, APPEND, 0o600)
    try {
      await file.writeFile(text)
      this.#bytes += Buffer.byteLength(text)
    } finally {
      await file.close()
    }
  }

  async #writeAnew(): Promise<void> {
    const { events } = this.#feed.after(0)
    let [from, bytes] = [events.length, 0]
    for (; from > 0 && bytes < KEPT_BYTES; from -= 1) bytes += Buffer.byteLength(linesOf([events[from - 1]!]))
    const wrong = await replaceFile(this.#path, linesOf(events.slice(from)))
    if (wrong !== undefined) throw new Error(wrong)
    this.#bytes = bytes
  }

  #say(error: unknown): void {
    if (this.#isSaid) return
    this.#isSaid = true
    const why = error instanceof Error ? error.message : String(error)
    this.#logger.warn(`events: a restart will not know all of them: ${why}`)
  }
}

function linesOf(events: readonly ControlEvent[]): string {
  return events.map(event => `${JSON.stringify(event)}\n`).join('')
}

/** What is no event (a line that a crash has cut) is left out. */
function eventsIn(text: string): ControlEvent[] {
  return text.split('\n').flatMap(line => {
    try {
      const event = JSON.parse(line) as ControlEvent
      return Number.isSafeInteger(event.id) && typeof event.text === 'string' ? [event] : []
    } catch {
      return []
    }
  })
}
