// The journals of all upstreams, read on where the last look ended.

import { existsSync } from 'node:fs'
import { open } from 'node:fs/promises'
import type { JournalLine } from '../modes.ts'

export class Journals {
  readonly lines: JournalLine[] = []
  readonly #files: readonly string[]
  readonly #at = new Map<string, number>()
  readonly #whole = new Set<string>()

  constructor(files: readonly string[]) {
    this.#files = files
  }

  /** As of the last look. */
  hasWhole(id: string): boolean {
    return this.#whole.has(id)
  }

  async look(): Promise<void> {
    for (const file of this.#files) {
      if (!existsSync(file)) continue
      await using handle = await open(file)
      const at = this.#at.get(file) ?? 0
      const { size } = await handle.stat()
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(size - at), 0, size - at, at)
      const end = buffer.subarray(0, bytesRead).lastIndexOf(0x0a) + 1
      this.#at.set(file, at + end)
      for (const text of buffer.subarray(0, end).toString().split('\n')) {
        if (text === '') continue
        const line = JSON.parse(text) as JournalLine
        this.lines.push(line)
        if (line.event === 'whole') this.#whole.add(line.id)
      }
    }
  }
}
