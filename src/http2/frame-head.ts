// What is wrong with a frame by its head alone: the stream that it names, and the size that its type demands (RFC 9113 6, RFC 9218 7.1).

import type { ConnectionFault } from './errors.ts'
import { FLAG, FRAME, PING_BYTES, SETTING_BYTES } from './frames.ts'

/** @param length of the payload @returns undefined = nothing */
export function headFault(type: number, flags: number, length: number, stream: number): ConnectionFault | undefined {
  switch (type) {
    case FRAME.data:
      if (stream === 0) return 'bad-stream-id'
      return (flags & FLAG.padded) !== 0 && length < 1 ? 'bad-frame-size' : undefined
    case FRAME.headers:
      if (stream === 0) return 'bad-stream-id'
      return length < ((flags & FLAG.padded) === 0 ? 0 : 1) + ((flags & FLAG.priority) === 0 ? 0 : 5)
        ? 'bad-frame-size'
        : undefined
    case FRAME.priority:
      if (stream === 0) return 'bad-stream-id'
      return length === 5 ? undefined : 'bad-frame-size'
    case FRAME.rstStream:
      if (stream === 0) return 'bad-stream-id'
      return length === 4 ? undefined : 'bad-frame-size'
    case FRAME.settings:
      if (stream !== 0) return 'bad-stream-id'
      if ((flags & FLAG.ack) !== 0) return length === 0 ? undefined : 'bad-frame-size'
      return length % SETTING_BYTES === 0 ? undefined : 'bad-frame-size'
    case FRAME.pushPromise:
      return 'unexpected-frame'
    case FRAME.ping:
      if (stream !== 0) return 'bad-stream-id'
      return length === PING_BYTES ? undefined : 'bad-frame-size'
    case FRAME.goAway:
      if (stream !== 0) return 'bad-stream-id'
      return length >= 8 ? undefined : 'bad-frame-size'
    case FRAME.windowUpdate:
      return length === 4 ? undefined : 'bad-frame-size'
    case FRAME.continuation:
      return stream === 0 ? 'bad-stream-id' : undefined
    case FRAME.priorityUpdate:
      if (stream !== 0) return 'bad-stream-id'
      return length >= 4 ? undefined : 'bad-frame-size'
    default:
      return undefined
  }
}

/** 31 bits: the first is reserved, and ignored (RFC 9113 4.1). */
export function uint31(bytes: Buffer, at: number): number {
  return ((bytes[at]! & 0x7f) << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!
}
