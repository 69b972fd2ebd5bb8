// What a configuration was read from, as fingerprints: whether any of it is different now is a comparison. No contents, no timers.

import { createHash } from 'node:crypto'
import { isOfListing, listAside } from './include/listing.ts'
import { readRegularFileAside } from './regular-file.ts'

/** By absolute path: the hash of what was read, or why nothing was. By a pattern: the hash of the names that match it. */
export type Inputs = ReadonlyMap<string, string>

const EMPTY = fingerprint(new Uint8Array())

export function fingerprint(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('base64')
}

/** Of a file that could not be read. */
export function fingerprintOfFailure(cause: unknown): string {
  return (cause as NodeJS.ErrnoException).code ?? 'unreadable'
}

/** What reading the file now would give; never rejects. @param before of the same, where it is known */
export async function fingerprintNow(file: string, before?: string): Promise<string> {
  if (isOfListing(before)) return (await listAside(file)).print
  try {
    const found = await readRegularFileAside(file)
    return 'not' in found ? found.not : fingerprint(found.bytes)
  } catch (cause) {
    return fingerprintOfFailure(cause)
  }
}

/** Whether a file seems to be half replaced: it is gone, or has been truncated and not yet written. */
export function isBetween(print: string): boolean {
  return print === 'ENOENT' || print === EMPTY
}
