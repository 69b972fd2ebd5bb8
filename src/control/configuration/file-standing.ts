// How the configuration file stands to the configuration in use: says the same, was refused, waits for the end of a freeze, or knows
// nothing of what was applied over the API. Remembers; it reads and decides nothing.

import type { FileDiffers } from '../../admin/contract/status.ts'
import { isSame } from '../../config/aside/jobs.ts'
import type { Snapshot } from '../../plan/snapshot.ts'
import { iso } from '../../util/words.ts'

export class FileStanding {
  /** What the file says; undefined = it can't be read. */
  #inFile: Snapshot | undefined
  #differs: FileDiffers | null
  readonly #startsFromLastGood: boolean

  /** @param inFile undefined = vigia was started with the last good one, for this `problem` @param startsFromLastGood it may do so again */
  constructor(inFile: Snapshot | undefined, problem: string, startsFromLastGood: boolean, nowMs: number) {
    this.#inFile = inFile
    this.#startsFromLastGood = startsFromLastGood
    this.#differs =
      inFile === undefined ? { why: 'last-good', since: iso(nowMs), problem, nextStart: 'last-good' } : null
  }

  /** Null = the file says what is in use. */
  get differs(): FileDiffers | null {
    return this.#differs
  }

  /** A freeze has refused what the file says. */
  get waitsForThaw(): boolean {
    return this.#differs?.why === 'frozen'
  }

  /** The file was read; whether that can be put into use is still to be seen. */
  says(snapshot: Snapshot | undefined): void {
    this.#inFile = snapshot
  }

  /** What the file says was refused. @param problem one line */
  refused(problem: string, isFrozen: boolean, atMs: number): void {
    // A vigia that was started with the last good configuration still runs with it.
    const why = isFrozen ? 'frozen' : this.#differs?.why === 'last-good' ? 'last-good' : 'refused'
    const broken = this.#startsFromLastGood ? 'last-good' : 'fails'
    this.#differs = { why, since: iso(atMs), problem, nextStart: this.#inFile === undefined ? broken : 'file' }
  }

  /** A configuration is in use now. */
  uses(snapshot: Snapshot, atMs: number): void {
    if (this.#inFile !== undefined && isSame(this.#inFile, snapshot)) this.#differs = null
    else if (this.#inFile !== undefined)
      this.#differs = { why: 'not-in-file', since: iso(atMs), problem: null, nextStart: 'file' }
    // It is still the file that is broken; but no longer the last good one that is in use.
    else if (this.#differs?.why === 'last-good') this.#differs = { ...this.#differs, why: 'refused' }
  }
}
