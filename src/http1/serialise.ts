// The fixed pieces of serialised messages. Everything is latin1: one character a byte.

/** What precedes a chunk's data. */
export function chunkHead(bytes: number): string {
  return `${bytes.toString(16)}\r\n`
}

/** What ends a chunked body. @param trailers serialised trailer fields, each with its CRLF */
export function lastChunk(trailers: string): string {
  return trailers === '' ? '0\r\n\r\n' : `0\r\n${trailers}\r\n`
}

export const SWITCHING_PROTOCOLS = 101
