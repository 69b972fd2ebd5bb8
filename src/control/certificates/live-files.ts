// Files that belong to each other, such as a certificate and its key: reads each set, watches it, and takes another in its place when its
// parts fit. What can't be used leaves the old one where it is, and is told once for each content.

import type { Inputs } from '../../config/read/inputs.ts'
import { InputWatch } from '../../config/read/watch.ts'
import { Serial } from '../../util/serial.ts'
import { CannotServe } from '../workers/cannot-serve.ts'

/** What the files of a set hold. */
export interface LiveRead {
  /** Empty = it can be used. */
  readonly faults: readonly LiveFault[]
  /** What was read, for the watch. */
  readonly inputs: Inputs
  /** Two that hold the same have the same. */
  readonly content: string
}

export interface LiveFault {
  /** Names the file. One line. */
  readonly why: string
  /** `time`: it was good once, or will be. `halves`: each may be good, but they do not belong to each other. */
  readonly kind: 'unreadable' | 'halves' | 'time'
}

/** What kind of files they are. */
export interface LiveKind<Files, Read extends LiveRead> {
  /** For people: `certificates`. */
  readonly name: string
  /** Of a set: the same for the same paths. */
  idOf(files: Files): string
  /** Never rejects. @param nowMs epoch ms */
  read(files: Files, nowMs: number): Promise<Read>
  /** Files hold something else: it is in use. */
  swapped(files: Files, before: Read, now: Read): void
  /** Files hold something else that can't be used: what is in use stays. */
  refused(files: Files, why: string, inUse: Read): void
  /** Files that held something unusable hold what is in use again. */
  restored(files: Files, inUse: Read): void
}

export interface LiveFilesOptions {
  /** Others are in use, or there is another problem. */
  readonly changed: () => void
  /** One line, for the log. */
  readonly warn: (text: string) => void
  /** How long files that do not belong to each other may stand beside each other before that is told, ms. */
  readonly halvesMs?: number
}

export interface LiveSet<Files, Read> {
  readonly files: Files
  /** What is used. */
  readonly inUse: Read
  /** Why the files hold something that can't be; undefined = they hold what is used. */
  readonly problem: string | undefined
}

interface OwnSet<Files, Read> extends LiveSet<Files, Read> {
  inUse: Read
  problem: string | undefined
  /** What the files held when they were last read. */
  seen: Inputs
  /** Until it is told that the halves do not fit. */
  wait: NodeJS.Timeout | undefined
}

const HALVES_MS = 10_000

export class LiveFiles<Files, Read extends LiveRead> {
  readonly #kind: LiveKind<Files, Read>
  readonly #options: LiveFilesOptions
  readonly #sets = new Map<string, OwnSet<Files, Read>>()
  readonly #watch: InputWatch
  readonly #turns = new Serial()
  #watches = false

  constructor(kind: LiveKind<Files, Read>, options: LiveFilesOptions) {
    this.#kind = kind
    this.#options = options
    this.#watch = new InputWatch({
      onChange: () => void this.look(),
      onDeaf: why => options.warn(`watching ${kind.name}: ${why}`),
    })
  }

  /** Undefined = it was never read. */
  get(files: Files): LiveSet<Files, Read> | undefined {
    return this.#sets.get(this.#kind.idOf(files))
  }

  /**
   * Has these beside those that there are. Rejects with CannotServe where one can't be used, and none of before can in its place. One
   * that has expired, or is not valid yet, is taken: those who ask have judged that.
   */
  prepare(wanted: Iterable<Files>): Promise<void> {
    return this.#turns.run(async () => {
      const nowMs = Date.now()
      const ids = new Map([...wanted].map(files => [this.#kind.idOf(files), files]))
      for (const [id, files] of ids) {
        const read = await this.#kind.read(files, nowMs)
        const known = this.#sets.get(id)
        if (known !== undefined) this.#take(known, read)
        else {
          const fault = read.faults.find(({ kind }) => kind !== 'time')
          if (fault !== undefined) throw new CannotServe(fault.why, undefined)
          this.#sets.set(id, { files, inUse: read, problem: undefined, seen: read.inputs, wait: undefined })
        }
      }
      this.#follow()
    })
  }

  /** Others are needed no more. */
  keepOnly(wanted: Iterable<Files>): void {
    const ids = new Set([...wanted].map(files => this.#kind.idOf(files)))
    for (const [id, { wait }] of this.#sets) {
      if (ids.has(id)) continue
      clearTimeout(wait)
      this.#sets.delete(id)
    }
    this.#follow()
  }

  /** Reads those files again that hold something else. Never rejects. @param alsoFaulty and those that could not be used: they may be good by now */
  look(alsoFaulty = false): Promise<void> {
    return this.#turns.run(async () => {
      for (const set of this.#sets.values()) {
        const read = await this.#kind.read(set.files, Date.now())
        if (isSame(read.inputs, set.seen) && !(alsoFaulty && set.problem !== undefined)) continue
        this.#take(set, read)
      }
      this.#follow()
      this.#options.changed()
    })
  }

  /** There are files whose newest content can't be used. */
  get hasProblems(): boolean {
    return [...this.#sets.values()].some(({ problem }) => problem !== undefined)
  }

  close(): void {
    this.#watch.close()
    for (const { wait } of this.#sets.values()) clearTimeout(wait)
  }

  #take(set: OwnSet<Files, Read>, read: Read): void {
    const { files, inUse } = set
    clearTimeout(set.wait)
    set.seen = read.inputs
    const [fault] = read.faults
    if (fault === undefined) {
      const hadProblem = set.problem !== undefined
      set.problem = undefined
      if (read.content !== inUse.content) {
        set.inUse = read
        this.#kind.swapped(files, inUse, read)
      } else if (hadProblem) this.#kind.restored(files, inUse)
      return
    }
    // One file comes after the other.
    if (fault.kind !== 'halves') return this.#refuse(set, fault)
    const late = () => {
      this.#refuse(set, fault)
      this.#options.changed()
    }
    set.wait = setTimeout(late, this.#options.halvesMs ?? HALVES_MS).unref()
  }

  #refuse(set: OwnSet<Files, Read>, { why }: LiveFault): void {
    const { files, inUse, problem } = set
    // What is in use has come to its end: that is told as such.
    const isInUse = isSame(set.seen, inUse.inputs)
    set.problem = isInUse ? undefined : why
    if (isInUse || why === problem) return
    this.#kind.refused(files, why, inUse)
  }

  #follow(): void {
    // Who has none watches nothing.
    if (this.#sets.size === 0 && !this.#watches) return
    this.#watches = true
    this.#watch.follow(new Map([...this.#sets.values()].flatMap(({ seen }) => [...seen])))
  }
}

function isSame(a: Inputs, b: Inputs): boolean {
  return [...a].every(([file, print]) => b.get(file) === print)
}
