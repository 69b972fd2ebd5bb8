// How long a message's body is, and who takes it.

/** Body length in bytes, or one of the two below. */
export type BodyLength = number
/** No field says anything. */
export const NO_LENGTH = -1
/** There is a body, and only its end tells its length. */
export const CHUNKED = -2

/** Takes the pieces of a body as they are found. */
export interface BodySink {
  onBody(chunk: Buffer, start: number, end: number): void
}

/** True where the response ends with its head whatever its fields say (RFC 9112 6.3). */
export function isBodiless(method: string, status: number): boolean {
  return method === 'HEAD' || status === 204 || status === 304 || status < 200
}
