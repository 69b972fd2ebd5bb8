// What is cached, as one worker sees it: finds answers in the shared memory, reads and writes them. What may be stored and used is decided
// in policy/cache/.

import { worthS } from '../../policy/cache/use.ts'
import type { CacheMemory } from '../../shared/cache/memory.ts'
import { type CacheKey, encodeMeta, readMeta, type StoredMeta } from '../../shared/cache/meta.ts'
import { processNowMs } from '../../shared/process-clock.ts'
import { Fill } from './fill.ts'
import type { AskedFields } from './key.ts'
import { Landings } from './landings.ts'
import type { Pair, Stored } from './stored.ts'

/** Most keys that are remembered as not to be stored, and for how long. */
const MOST_MARKS = 4096
const MARK_MS = 10_000
const MOST_NAMES = 256
/** Fields of one answer: what is beyond is not stored. */
const MOST_META_BYTES = 32_768

export class Cache {
  readonly landings: Landings
  readonly #memory: CacheMemory
  /** By cell; good as long as its word is the cell's. */
  readonly #known: (Stored | undefined)[] = []
  readonly #marks = new Map<string, number>()
  readonly #names = new Map<string, readonly string[]>()

  constructor(memory: CacheMemory) {
    this.#memory = memory
    this.landings = new Landings(memory)
  }

  /** What is stored for the request; not pinned yet. */
  find(key: CacheKey, asked: AskedFields): Stored | undefined {
    const memory = this.#memory
    memory.aim(key)
    for (let cell = memory.next(-1); cell !== -1; cell = memory.next(cell)) {
      const word = memory.word(cell)
      const known = this.#known[cell]
      const stored = known?.word === word ? known : this.#read(cell, word)
      if (stored && isFor(stored, key) && asked.variant(stored.keep.variesBy) === stored.variant) return stored
    }
    return undefined
  }

  #read(cell: number, word: number): Stored | undefined {
    const memory = this.#memory
    if (!memory.pin(cell, word)) return undefined
    const facts = memory.facts(cell)
    const blocks = memory.blocksOf(cell)
    const meta = readMeta(memory, facts, blocks)
    memory.unpin(cell)
    const { metaBytes, bodyBytes } = facts
    const stored: Stored = {
      ...meta,
      keep: { ...meta.keep, variesBy: this.#intern(meta.keep.variesBy) },
      cell,
      word,
      metaBytes,
      bodyBytes,
      blocks,
      askAgainMs: 0,
      given: undefined,
    }
    this.#known[cell] = stored
    return stored
  }

  /** The same names are the same array: see AskedFields.variant. */
  #intern(names: readonly string[]): readonly string[] {
    const text = names.join()
    const known = this.#names.get(text)
    if (known !== undefined) return known
    if (this.#names.size >= MOST_NAMES) this.#names.clear()
    this.#names.set(text, names)
    return names
  }

  /** Until `unpin` its bytes stay. @returns false where it has gone */
  pin({ cell, word }: Stored): boolean {
    return this.#memory.pin(cell, word)
  }

  unpin({ cell }: Stored): void {
    this.#memory.unpin(cell)
  }

  /** Copies bytes `start` to `end` of the body; pinned ones only. */
  copy({ blocks, metaBytes }: Stored, start: number, end: number, to: Uint8Array): void {
    this.#memory.copy(blocks, metaBytes + start, metaBytes + end, to)
  }

  /** It was given to a client. */
  used({ cell }: Stored, nowMs: number): void {
    this.#memory.used(cell, Math.floor(nowMs / 1000))
  }

  /** To be asked before the upstream is: what is invalidated from then on is not stored. */
  epochs(key: CacheKey): number {
    this.#memory.aim(key)
    return this.#memory.epochs()
  }

  drop({ cell, word }: Stored): void {
    this.#memory.drop(cell, word)
  }

  /** Of all variants. */
  invalidate(key: CacheKey): void {
    this.#memory.aim(key)
    this.#memory.invalidate()
  }

  /**
   * Begins to store an answer, whose body follows.
   * @param epochs see there
   * @param date now, as a Date field says it
   * @param ifErrorS see worthS
   * @returns undefined where there is no room
   */
  begin(
    meta: Omit<StoredMeta, 'names' | 'values'>,
    fields: readonly Pair[],
    epochs: number,
    ifErrorS: number,
  ): Fill | undefined {
    const bytes = encodeMeta({ ...meta, names: fields.map(([name]) => name), values: fields.map(([, value]) => value) })
    if (bytes.length > MOST_META_BYTES) return undefined
    const nowS = Math.floor(processNowMs() / 1000)
    this.#memory.aim(meta.key)
    const writing = this.#memory.claim(nowS)
    if (writing === undefined) return undefined
    const worthlessS = nowS + Math.ceil(Math.min(worthS(meta.keep, ifErrorS), 2 ** 30))
    const fill = new Fill(this.#memory, writing, { epochs, nowS, worthlessS, variant: hashOf(meta.variant) })
    return fill.writeMeta(bytes) ? fill : undefined
  }

  /** Stores a pinned one once more, behind what its upstream says of it now. @returns false where there is no room, or it was invalidated */
  confirm(stored: Stored, fill: Fill | undefined): boolean {
    const { bodyBytes } = stored
    if (fill === undefined) return false
    const piece = Buffer.allocUnsafe(Math.min(bodyBytes, COPY_BYTES))
    for (let at = 0; at < bodyBytes; at += piece.length) {
      const end = Math.min(at + piece.length, bodyBytes)
      this.copy(stored, at, end, piece)
      if (!fill.write(piece, 0, end - at)) return false
    }
    return fill.complete()
  }

  // ---- keys that are not for others ----

  /** Its answers are not stored: nobody waits for another's for a while. */
  mark(key: CacheKey, nowMs: number): void {
    if (this.#marks.size >= MOST_MARKS) this.#marks.clear()
    this.#marks.set(key.join('\n'), nowMs + MARK_MS)
  }

  isMarked(key: CacheKey, nowMs: number): boolean {
    if (this.#marks.size === 0) return false
    const until = this.#marks.get(key.join('\n'))
    return until !== undefined && nowMs < until
  }

  unmark(key: CacheKey): void {
    if (this.#marks.size > 0) this.#marks.delete(key.join('\n'))
  }
}

const COPY_BYTES = 65_536

function isFor({ key: [pool, origin, target] }: Stored, wanted: CacheKey): boolean {
  return target === wanted[2] && origin === wanted[1] && pool === wanted[0]
}

/** FNV-1a: tells variants of one key apart. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i += 1) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return hash | 0
}
