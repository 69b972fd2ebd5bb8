// How much there is to read of a configuration, before it is read: what it includes is known from the last time.

import { readFile, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { isKept } from '../read/include/kept-files.ts'
import { listAside } from '../read/include/listing.ts'
import { hasWildcard } from '../read/include/wildcard.ts'

const INCLUDES = /^include\s*:/m

/** By configuration file: what it included when it was read last, as absolute paths and patterns. */
const known = new Map<string, readonly string[]>()

export function remember(file: string, includes: readonly string[]): void {
  known.set(file, includes)
}

/** Characters or bytes; infinite where nobody knows. @param text undefined = what the file holds @param enough more need not be counted */
export async function sizeOf(file: string, text: string | undefined, enough: number): Promise<number> {
  if (text !== undefined) return !isKept(text) && INCLUDES.test(text) ? Number.POSITIVE_INFINITY : text.length
  const found = await stat(file).catch(() => undefined)
  // What is no regular file can't be read twice.
  if (!found?.isFile() || found.size > enough) return found?.size ?? 0
  const own = await readFile(file, 'utf8').catch(() => '')
  if (isKept(own) || !INCLUDES.test(own)) return own.length
  const includes = known.get(file)
  if (includes === undefined) return Number.POSITIVE_INFINITY
  const sizes = await Promise.all((await filesOf(includes)).map(bytesOf))
  return sizes.reduce((sum, size) => sum + size, own.length)
}

async function filesOf(includes: readonly string[]): Promise<string[]> {
  const files = includes.map(async path => {
    if (!hasWildcard(path)) return [path]
    const listing = await listAside(path)
    return 'names' in listing ? listing.names.map(name => join(dirname(path), name)) : []
  })
  return (await Promise.all(files)).flat()
}

async function bytesOf(file: string): Promise<number> {
  return (await stat(file).catch(() => undefined))?.size ?? 0
}
