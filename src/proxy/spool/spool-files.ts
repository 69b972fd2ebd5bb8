// The files of one worker, as the spool's thread has them: opened with their first write, closed when the worker says so, or is gone.
// Every call waits for the disk.

import { closeSync, readSync, statfsSync, writeSync } from 'node:fs'
import { type BufferTrouble, troubleOf } from '../../policy/request/buffering/trouble.ts'
import type { FromSpool, SpoolPlace, ToSpool } from './protocol.ts'
import { openTemporary } from './temporary-file.ts'

interface OpenFile {
  /** Below 0 = it could not be made. */
  readonly descriptor: number
  readonly place: SpoolPlace
  bytes: number
  refused: { readonly trouble: BufferTrouble; readonly detail: string } | undefined
}

/** How many bytes are written before the file system is asked again what is free. */
const LOOK_BYTES = 4 * 1024 ** 2

/** Free space, over all workers. */
export class FreeSpace {
  #directory = ''
  #leftBytes = 0

  /** Whether so many bytes may be written: what is to stay free stays free, by a few MiB. Throws the error of the file system. */
  allows({ directory, keepFreeBytes }: SpoolPlace, bytes: number): boolean {
    if (directory !== this.#directory || this.#leftBytes < bytes) this.#look(directory, keepFreeBytes)
    if (this.#leftBytes < bytes) return false
    this.#leftBytes -= bytes
    return true
  }

  #look(directory: string, keepFreeBytes: number): void {
    const { bavail, bsize } = statfsSync(directory)
    this.#directory = directory
    this.#leftBytes = Math.min(LOOK_BYTES, bavail * bsize - keepFreeBytes)
  }
}

export class SpoolFiles {
  readonly #files = new Map<number, OpenFile>()
  readonly #space: FreeSpace

  constructor(space: FreeSpace) {
    this.#space = space
  }

  /** @returns what the worker is told */
  take(message: ToSpool): FromSpool | undefined {
    switch (message.type) {
      case 'write':
        return this.#write(message)
      case 'read':
        return this.#read(message)
      case 'close':
        this.#close(message.file)
        return undefined
    }
  }

  /** The worker is gone. */
  end(): void {
    for (const file of [...this.#files.keys()]) this.#close(file)
  }

  #write({ file, bytes, length, create }: ToSpool & { type: 'write' }): FromSpool {
    if (create) this.#files.set(file, this.#open(create))
    const open = this.#files.get(file)!
    if (!open.refused) this.#append(open, new Uint8Array(bytes, 0, length))
    return open.refused
      ? { type: 'refused', file, bytes, length, ...open.refused }
      : { type: 'written', file, bytes, length }
  }

  #open(place: SpoolPlace): OpenFile {
    try {
      return { descriptor: openTemporary(place.directory), place, bytes: 0, refused: undefined }
    } catch (error) {
      return { descriptor: -1, place, bytes: 0, refused: refusalOf(error, place) }
    }
  }

  #append(open: OpenFile, bytes: Uint8Array): void {
    const { descriptor, place } = open
    try {
      if (!this.#space.allows(place, bytes.length)) {
        open.refused = {
          trouble: 'disk-full',
          detail: `nothing is free any more beside what is kept free in ${place.directory}`,
        }
        return
      }
      // A write may be short, and then says with the next one why.
      for (let done = 0; done < bytes.length; ) {
        done += writeSync(descriptor, bytes, done, bytes.length - done, open.bytes + done)
      }
      open.bytes += bytes.length
    } catch (error) {
      open.refused = refusalOf(error, place)
    }
  }

  #read({ file, at, length: asked, into, round }: ToSpool & { type: 'read' }): FromSpool {
    const open = this.#files.get(file)!
    const length = Math.max(0, Math.min(asked, open.bytes - at))
    const bytes = new Uint8Array(into)
    try {
      for (let done = 0; done < length; ) {
        const got = readSync(open.descriptor, bytes, done, length - done, at + done)
        if (got === 0) return { type: 'unreadable', file, detail: 'its file is shorter than what was written' }
        done += got
      }
      return { type: 'read', file, bytes: into, length, round }
    } catch (error) {
      return { type: 'unreadable', file, detail: wordsOf(error) }
    }
  }

  #close(file: number): void {
    const open = this.#files.get(file)
    this.#files.delete(file)
    if (open === undefined || open.descriptor < 0) return
    try {
      closeSync(open.descriptor)
    } catch {
      // EIO tells of bytes that nobody wants any more.
    }
  }
}

function refusalOf(error: unknown, { directory }: SpoolPlace): NonNullable<OpenFile['refused']> {
  const { code } = error as NodeJS.ErrnoException
  return { trouble: troubleOf(code), detail: `${directory}: ${wordsOf(error)}` }
}

/** Without a path: a name of a temporary file says nothing to anybody. */
function wordsOf(error: unknown): string {
  const { code, syscall, message } = error as NodeJS.ErrnoException
  return code === undefined ? message : `${syscall ?? 'a call'} failed: ${code}`
}
