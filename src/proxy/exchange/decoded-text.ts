// The text of a small body, out of its content coding where it has one (RFC 9110 8.4.1).

import { gunzipSync, inflateSync } from 'node:zlib'

/**
 * One character for each byte (latin1). What several readers could decode in several ways has no text: another coding, more than one,
 * gzip of more than one member, of which many a reader takes only the first (RFC 1952 2.2).
 * @param coding value of Content-Encoding; undefined = there is none
 * @param mostBytes of the body, and of its text
 * @returns undefined where it has no text, is malformed, or longer than that
 */
export function decodedText(body: Buffer, coding: string | undefined, mostBytes: number): string | undefined {
  if (body.length > mostBytes) return undefined
  try {
    switch (coding?.toLowerCase()) {
      case undefined:
        return body.toString('latin1')
      case 'gzip':
      case 'x-gzip': {
        const text = gunzipSync(body, { maxOutputLength: mostBytes })
        return body.readUInt32LE(body.length - 4) === text.length ? text.toString('latin1') : undefined
      }
      case 'deflate':
        return inflateSync(body, { maxOutputLength: mostBytes }).toString('latin1')
      default:
        return undefined
    }
  } catch {
    return undefined
  }
}
