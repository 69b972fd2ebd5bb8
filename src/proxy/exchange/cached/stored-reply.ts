// An answer from what is stored, as one client gets it: all of it, a part, its head, or that he has it already (RFC 9110 13, 14, RFC 9111
// 4.3.2). It keeps what is stored from being overwritten until it has been given or left.

import { performance } from 'node:perf_hooks'
import { NO_FIELDS } from '../../../http/fields.ts'
import type { ResponseHead } from '../../../http/heads.ts'
import { hasIt, partOf } from '../../../policy/cache/conditions.ts'
import type { CacheOutcome } from '../../../policy/cache/outcome.ts'
import type { Wants } from '../../../policy/cache/wants.ts'
import { processNowMs } from '../../../shared/process-clock.ts'
import type { Cache } from '../../cache/cache.ts'
import { ageS, headOf, headWith, ofCache, type Pair, pairs, type Stored } from '../../cache/stored.ts'
import type { AnswerSink } from '../compression/coder.ts'
import type { ExchangeRecord } from '../record.ts'

/** So much goes in one piece. */
const PIECE_BYTES = 65_536
/** Fields that a 304 brings (RFC 9110 15.4.5), beside those of the cache. */
const OF_304 = new Set(['date', 'etag', 'cache-control', 'expires', 'vary', 'content-location', 'last-modified'])

/** Used again as long as all its bytes have left. */
let scratch = Buffer.allocUnsafeSlow(PIECE_BYTES)

export interface Wanted {
  readonly isHead: boolean
  readonly wants: Wants
}

export class StoredReply {
  readonly #cache: Cache
  readonly stored: Stored
  readonly #head: ResponseHead
  readonly #bodiless: boolean
  readonly outcome: CacheOutcome
  #at: number
  readonly #end: number
  #isHeld = true

  /**
   * @param stored pinned: it is unpinned here
   * @param told see headOf
   */
  constructor(cache: Cache, stored: Stored, wanted: Wanted, outcome: CacheOutcome, told: string) {
    this.#cache = cache
    this.stored = stored
    this.outcome = outcome
    const nowMs = processNowMs()
    const { head, start, end } = replyTo(stored, wanted, nowMs, told)
    this.#head = head
    this.#bodiless = wanted.isHead || head.status === 304
    this.#at = this.#bodiless ? 0 : start
    this.#end = this.#bodiless ? 0 : end
    cache.used(stored, nowMs)
  }

  /** It goes in one piece. */
  get isSmall(): boolean {
    return this.#end - this.#at <= PIECE_BYTES
  }

  begin(down: AnswerSink, record: ExchangeRecord): void {
    record.cache = this.outcome
    record.status = this.#head.status
    if (record.firstByteMs === 0) record.firstByteMs = performance.now() - record.startedMs
    const edits = record.placement?.edits
    down.head(edits ? edits.answered(this.#head, record, '') : this.#head, this.#bodiless, record.requestId, '')
  }

  /** Hands over the next piece. @returns false where it was the last one */
  piece(down: AnswerSink, record: ExchangeRecord): boolean {
    const bytes = Math.min(PIECE_BYTES, this.#end - this.#at)
    if (bytes > 0) {
      this.#cache.copy(this.stored, this.#at, this.#at + bytes, scratch)
      down.body(scratch, 0, bytes)
      record.bytesOut += bytes
      this.#at += bytes
    }
    if (this.#at < this.#end) return true
    down.end(NO_FIELDS)
    this.leave()
    return false
  }

  /** To be called after each piece, before anything else has its turn. @returns false where the client reads too slowly */
  flush(down: AnswerSink): boolean {
    const isFlowing = down.flush()
    if (down.holdsBuffers) scratch = Buffer.allocUnsafeSlow(PIECE_BYTES)
    return isFlowing
  }

  leave(): void {
    if (!this.#isHeld) return
    this.#isHeld = false
    this.#cache.unpin(this.stored)
  }
}

interface Reply {
  readonly head: ResponseHead
  readonly start: number
  readonly end: number
}

function replyTo(stored: Stored, { isHead, wants }: Wanted, nowMs: number, told: string): Reply {
  const { status, keep, bodyBytes } = stored
  const all = () => ({ head: headOf(stored, nowMs, told), start: 0, end: bodyBytes })
  if (wants.isPlain || status !== 200) return all()
  const own = ofCache(Math.floor(ageS(stored, nowMs)), told)
  if (hasIt(wants, keep)) {
    const fields = pairs(stored).filter(([name]) => OF_304.has(name.toLowerCase()))
    return { head: headWith(304, 'Not Modified', [...fields, ...own], bodyBytes), start: 0, end: 0 }
  }
  const part = isHead ? undefined : partOf(wants, bodyBytes, keep)
  if (part === undefined) return all()
  if (part === 'none') {
    const fields: Pair[] = [['Content-Range', `bytes */${bodyBytes}`], ...own]
    return { head: headWith(416, 'Range Not Satisfiable', fields, 0), start: 0, end: 0 }
  }
  const range: Pair = ['Content-Range', `bytes ${part.start}-${part.end - 1}/${bodyBytes}`]
  return { head: headWith(206, 'Partial Content', [...pairs(stored), ...own, range], part.end - part.start), ...part }
}
