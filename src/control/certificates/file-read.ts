// Reads one file of a set, aside and never with an exception.

import { fingerprint, fingerprintOfFailure } from '../../config/read/inputs.ts'
import { readRegularFileAside } from '../../config/read/regular-file.ts'

const NOTHING: Buffer = Buffer.alloc(0)

export interface FileRead {
  readonly bytes: Buffer
  /** For the watch. */
  readonly print: string
  /** Why there are no bytes, to follow the file's name; undefined = there are. */
  readonly why: string | undefined
}

export async function readNow(file: string): Promise<FileRead> {
  try {
    const found = await readRegularFileAside(file)
    if ('not' in found) return { bytes: NOTHING, print: found.not, why: `is ${found.not}` }
    return { bytes: found.bytes, print: fingerprint(found.bytes), why: undefined }
  } catch (error) {
    const print = fingerprintOfFailure(error)
    return { bytes: NOTHING, print, why: `cannot be read (${print})` }
  }
}

/** `the file "/etc/x.pem" is empty` */
export function inFile(file: string, what: string): string {
  return `the file ${JSON.stringify(file)} ${what}`
}
