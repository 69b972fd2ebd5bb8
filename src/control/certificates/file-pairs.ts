// Certificates that are files: reads each pair, watches it, and takes another in its place when both halves fit. What can't be used
// leaves the old one where it is, and is told once for each content.

import type { Inputs } from '../../config/read/inputs.ts'
import { InputWatch } from '../../config/read/watch.ts'
import type { CertificateFiles } from '../../plan/tls.ts'
import type { PairFault } from '../../tls/certificate.ts'
import { Serial } from '../../util/serial.ts'
import { CannotServe } from '../workers/cannot-serve.ts'
import type { CertificateEvent } from './certificate-event.ts'
import { type PairRead, readPairFiles } from './pair-files.ts'

export interface FilePairsOptions {
  readonly tell: (event: CertificateEvent) => void
  /** Other pairs are in use, or there is another problem. */
  readonly changed: () => void
  /** One line, for the log. */
  readonly warn: (text: string) => void
  /** How long a certificate and a key that are not of one pair may stand beside each other before that is told, ms. */
  readonly halvesMs?: number
}

export interface Pair {
  readonly files: CertificateFiles
  /** What is served. */
  readonly inUse: PairRead
  /** Why the files hold something that can't be; undefined = they hold what is served. */
  readonly problem: string | undefined
}

interface OwnPair extends Pair {
  inUse: PairRead
  problem: string | undefined
  /** What the files held when they were last read. */
  seen: Inputs
  /** Until it is told that the halves do not fit. */
  wait: NodeJS.Timeout | undefined
}

const HALVES_MS = 10_000

export class FilePairs {
  readonly #options: FilePairsOptions
  readonly #pairs = new Map<string, OwnPair>()
  readonly #watch: InputWatch
  readonly #turns = new Serial()
  #watches = false

  constructor(options: FilePairsOptions) {
    this.#options = options
    this.#watch = new InputWatch({
      onChange: () => void this.look(),
      onDeaf: why => options.warn(`watching certificates: ${why}`),
    })
  }

  /** Undefined = it was never read. */
  get(files: CertificateFiles): Pair | undefined {
    return this.#pairs.get(idOf(files))
  }

  /**
   * Has these beside those that there are. Rejects with CannotServe where one can't be served, and none of before can in its place. One
   * that has expired, or is not valid yet, is taken: those who ask have judged that.
   */
  prepare(wanted: Iterable<CertificateFiles>): Promise<void> {
    return this.#turns.run(async () => {
      const nowMs = Date.now()
      const ids = new Map([...wanted].map(files => [idOf(files), files]))
      for (const [id, files] of ids) {
        const read = await readPairFiles(files, nowMs)
        const known = this.#pairs.get(id)
        if (known !== undefined) this.#take(known, read)
        else {
          const fault = read.faults.find(({ kind }) => kind !== 'time')
          if (fault !== undefined) throw new CannotServe(faultWords(files, fault), undefined)
          this.#pairs.set(id, { files, inUse: read, problem: undefined, seen: read.inputs, wait: undefined })
        }
      }
      this.#follow()
    })
  }

  /** Others are needed no more. */
  keepOnly(wanted: Iterable<CertificateFiles>): void {
    const ids = new Set([...wanted].map(idOf))
    for (const [id, { wait }] of this.#pairs) {
      if (ids.has(id)) continue
      clearTimeout(wait)
      this.#pairs.delete(id)
    }
    this.#follow()
  }

  /** Reads those files again that hold something else. Never rejects. @param alsoFaulty and those that could not be used: they may be good by now */
  look(alsoFaulty = false): Promise<void> {
    return this.#turns.run(async () => {
      for (const pair of this.#pairs.values()) {
        const read = await readPairFiles(pair.files, Date.now())
        if (isSame(read.inputs, pair.seen) && !(alsoFaulty && pair.problem !== undefined)) continue
        this.#take(pair, read)
      }
      this.#follow()
      this.#options.changed()
    })
  }

  /** There are files whose newest content can't be used. */
  get hasProblems(): boolean {
    return [...this.#pairs.values()].some(({ problem }) => problem !== undefined)
  }

  close(): void {
    this.#watch.close()
    for (const { wait } of this.#pairs.values()) clearTimeout(wait)
  }

  #take(pair: OwnPair, read: PairRead): void {
    const { files, inUse } = pair
    clearTimeout(pair.wait)
    pair.seen = read.inputs
    const [fault] = read.faults
    if (fault === undefined) {
      const isOther = read.cert !== inUse.cert || read.key !== inUse.key
      const hadProblem = pair.problem !== undefined
      pair.inUse = read
      pair.problem = undefined
      const { tell } = this.#options
      if (isOther)
        tell({
          type: 'certificate',
          kind: 'swapped',
          files,
          before: inUse.facts!,
          now: read.facts!,
          warnings: read.warnings,
        })
      else if (hadProblem) tell({ type: 'certificate', kind: 'restored', files, inUse: inUse.facts! })
      return
    }
    // Certificate and key come one after the other.
    if (fault.kind !== 'halves') return this.#refuse(pair, fault)
    const late = () => {
      this.#refuse(pair, fault)
      this.#options.changed()
    }
    pair.wait = setTimeout(late, this.#options.halvesMs ?? HALVES_MS).unref()
  }

  #refuse(pair: OwnPair, fault: PairFault): void {
    const { files, inUse, problem } = pair
    const why = faultWords(files, fault)
    // What is in use has come to its end: that is told as such.
    const isInUse = isSame(pair.seen, inUse.inputs)
    pair.problem = isInUse ? undefined : why
    if (isInUse || why === problem) return
    this.#options.tell({ type: 'certificate', kind: 'refused', files, why, inUse: inUse.facts! })
  }

  #follow(): void {
    // Who has no certificates watches nothing.
    if (this.#pairs.size === 0 && !this.#watches) return
    this.#watches = true
    this.#watch.follow(new Map([...this.#pairs.values()].flatMap(({ seen }) => [...seen])))
  }
}

/** `the file "/etc/x.pem" is empty` */
function faultWords({ certFile, keyFile }: CertificateFiles, { in: half, message }: PairFault): string {
  return `the file ${JSON.stringify(half === 'key' ? keyFile : certFile)} ${message}`
}

function isSame(a: Inputs, b: Inputs): boolean {
  return [...a].every(([file, print]) => b.get(file) === print)
}

function idOf({ certFile, keyFile }: CertificateFiles): string {
  return `${certFile}\0${keyFile}`
}
