// The pieces of a chunked body on the wire. Everything is latin1: one character a byte.

import type { Fields } from '../http/fields.ts'
import { isPassedTrailer } from '../http/trailers.ts'

/** What precedes a chunk's data. */
export function chunkHead(bytes: number): string {
  return `${bytes.toString(16)}\r\n`
}

/** What ends a chunked body, with the trailers that may be passed on. */
export function lastChunk(trailers: Fields): string {
  let text = '0\r\n'
  for (let i = 0; i < trailers.names.length; i += 1) {
    if (isPassedTrailer(trailers, i)) text += `${trailers.names[i]}: ${trailers.values[i]}\r\n`
  }
  return `${text}\r\n`
}
