// Tells when the files that a configuration was read from hold something else: by events of their folders, and by a look at them
// every few seconds where no event comes. It reads fingerprints only; what a change means is not its business.

import { type FSWatcher, watch } from 'node:fs'
import { realpath, stat } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { Serial } from '../../util/serial.ts'
import { isOfListing } from './include/listing.ts'
import { matchesWildcard } from './include/wildcard.ts'
import { fingerprintNow, type Inputs, isBetween } from './inputs.ts'

export interface WatchOptions {
  /** The files hold something else than `follow` was told. Told once for each new content. */
  readonly onChange: () => void
  /** No events come from this folder: only the slow look is left. One line. */
  readonly onDeaf: (why: string) => void
  /** A change counts once nothing has moved for this long, ms: editors and tools write in steps. */
  readonly quietMs?: number
  /** But after this time at the latest; a file that is gone or empty has as long to come back. */
  readonly longestMs?: number
  readonly lookMs?: number
}

interface Folder {
  readonly watcher: FSWatcher
  /** Events of a folder that was replaced by another one under its name would come no more. */
  readonly inode: number
}

export class InputWatch {
  readonly #options: Required<WatchOptions>
  readonly #folders = new Map<string, Folder>()
  readonly #deaf = new Set<string>()
  #known: Inputs = new Map()
  /** Of all files, as cheap as it gets. */
  #looks = ''
  #names: ReadonlySet<string> = new Set()
  /** Of names: a file that has just come is none of the known ones, and may still be written. */
  #patterns: readonly string[] = []
  #quiet: NodeJS.Timeout | undefined
  /** When the first event came that has not been looked into, by performance.now(). */
  #sinceMs: number | undefined
  /** Since when a file is gone or empty, by performance.now(); undefined = none is. */
  #betweenSinceMs: number | undefined
  #look: NodeJS.Timeout | undefined
  #checking = false
  readonly #watching = new Serial()
  #generation = 0
  #closed = false

  constructor(options: WatchOptions) {
    this.#options = { quietMs: 250, longestMs: 2000, lookMs: 2000, ...options }
  }

  /** From now on these files count, and no others, and this is what is known of them. None = nothing is watched. */
  follow(inputs: Inputs): void {
    if (this.#closed) return
    this.#known = new Map(inputs)
    this.#generation += 1
    this.#look ??= setInterval(() => void this.#lookAtAll(), this.#options.lookMs).unref()
    this.#watchFolders()
    // What changed since it was read, and before the folders were watched.
    this.#stir()
  }

  /** These count too, beside those that do already. */
  followAlso(inputs: Inputs): void {
    this.follow(new Map([...this.#known, ...inputs]))
  }

  close(): void {
    this.#closed = true
    clearTimeout(this.#quiet)
    clearInterval(this.#look)
    for (const { watcher } of this.#folders.values()) watcher.close()
    this.#folders.clear()
  }

  /** Something has moved. */
  #stir(): void {
    if (this.#closed) return
    const { quietMs, longestMs } = this.#options
    const now = performance.now()
    this.#sinceMs ??= now
    clearTimeout(this.#quiet)
    const delayMs = Math.max(0, Math.min(quietMs, this.#sinceMs + longestMs - now))
    this.#quiet = setTimeout(() => void this.#check(), delayMs).unref()
  }

  async #check(): Promise<void> {
    if (this.#closed) return
    if (this.#checking) return this.#stir()
    this.#checking = true
    const generation = this.#generation
    const files = [...this.#known.keys()]
    const prints = await Promise.all(files.map(file => fingerprintNow(file, this.#known.get(file))))
    this.#checking = false
    if (this.#closed) return
    // Others are followed now.
    if (generation !== this.#generation) return this.#stir()
    const now = new Map(files.map((file, i) => [file, prints[i]!]))
    const changed = files.filter(file => now.get(file) !== this.#known.get(file))
    this.#sinceMs = undefined
    if (!changed.some(file => isBetween(now.get(file)!))) this.#betweenSinceMs = undefined
    else {
      // Between its removal and its return, or between its truncation and its first byte.
      const { quietMs, longestMs } = this.#options
      this.#betweenSinceMs ??= performance.now()
      const restMs = this.#betweenSinceMs + longestMs - performance.now()
      if (restMs > 0) {
        clearTimeout(this.#quiet)
        this.#quiet = setTimeout(() => void this.#check(), Math.max(10, Math.min(quietMs, restMs))).unref()
        return
      }
    }
    if (changed.length === 0) return
    this.#betweenSinceMs = undefined
    this.#known = now
    this.#watchFolders()
    this.#options.onChange()
  }

  async #lookAtAll(): Promise<void> {
    const looks = await Promise.all(
      [...this.#known].map(([file, print]) => lookAt(isOfListing(print) ? dirname(file) : file)),
    )
    if (this.#closed) return
    const all = looks.join('\n')
    // The first one, too: what changed since the files were read may have sent no event.
    if (this.#looks !== all) this.#stir()
    this.#looks = all
    this.#watchFolders()
  }

  /** One after the other: two at once could lose a watcher. */
  #watchFolders(): void {
    void this.#watching.run(() => this.#watchEach())
  }

  /** Events come from the folders of the files, and of what they link to; a file that is replaced would end its own. */
  async #watchEach(): Promise<void> {
    const wanted = new Set<string>()
    const names = new Set<string>()
    for (const file of this.#known.keys()) {
      for (const path of [file, await realpath(file).catch(() => file)]) {
        wanted.add(dirname(path))
        names.add(basename(path))
      }
    }
    this.#names = names
    this.#patterns = [...this.#known].flatMap(([path, print]) => (isOfListing(print) ? [basename(path)] : []))
    for (const [path, { watcher, inode }] of this.#folders) {
      if (wanted.has(path) && (await inodeOf(path)) === inode) continue
      watcher.close()
      this.#folders.delete(path)
    }
    for (const path of wanted) {
      const inode = await inodeOf(path)
      if (this.#closed) return
      if (inode === undefined || this.#folders.has(path)) continue
      this.#listen(path, inode)
      // What changed there before it was watched sent no event.
      this.#stir()
    }
  }

  #listen(path: string, inode: number): void {
    try {
      const watcher = watch(path, { persistent: false }, (event, name) => {
        // Other files of the folder may be written all the time; what comes, goes or is renamed may be a link on the way to ours.
        if (event === 'rename' || name === null || this.#isMeant(name)) this.#stir()
      })
      watcher.on('error', error => this.#lose(path, error))
      this.#folders.set(path, { watcher, inode })
      this.#deaf.delete(path)
    } catch (error) {
      this.#lose(path, error)
    }
  }

  #isMeant(name: string): boolean {
    return this.#names.has(name) || this.#patterns.some(pattern => matchesWildcard(pattern, name))
  }

  #lose(path: string, error: unknown): void {
    this.#folders.get(path)?.watcher.close()
    this.#folders.delete(path)
    if (this.#deaf.has(path)) return
    this.#deaf.add(path)
    const { lookMs } = this.#options
    const why = error instanceof Error ? error.message : String(error)
    this.#options.onDeaf(`no events from ${path} (${why}): changes there are seen within ${lookMs / 1000} s`)
  }
}

async function lookAt(file: string): Promise<string> {
  try {
    const { ino, size, mtimeMs, ctimeMs } = await stat(file)
    return `${ino} ${size} ${mtimeMs} ${ctimeMs}`
  } catch (error) {
    return String((error as NodeJS.ErrnoException).code)
  }
}

async function inodeOf(path: string): Promise<number | undefined> {
  return (await stat(path).catch(() => undefined))?.ino
}
