// Frames of HTTP/2 for tests, sound and unsound ones alike, and frames read back. Knows nothing of the code that is tested.

export interface Frame {
  readonly type: number
  readonly flags: number
  readonly stream: number
  readonly payload: Buffer
}

export const DATA = 0
export const HEADERS = 1
export const PRIORITY = 2
export const RST_STREAM = 3
export const SETTINGS = 4
export const PUSH_PROMISE = 5
export const PING = 6
export const GOAWAY = 7
export const WINDOW_UPDATE = 8
export const CONTINUATION = 9
export const PRIORITY_UPDATE = 16

export const END_STREAM = 1
export const ACK = 1
export const END_HEADERS = 4
export const PADDED = 8
export const WITH_PRIORITY = 32

export const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')

/** @param length as it is said, where that is not the truth */
export function frame(
  type: number,
  flags: number,
  stream: number,
  payload: Uint8Array = Buffer.alloc(0),
  length = payload.length,
): Buffer {
  const head = Buffer.alloc(9)
  head.writeUIntBE(length, 0, 3)
  head[3] = type
  head[4] = flags
  head.writeUInt32BE(stream >>> 0, 5)
  return Buffer.concat([head, payload])
}

export function settings(...pairs: readonly (readonly [setting: number, value: number])[]): Buffer {
  const payload = Buffer.alloc(6 * pairs.length)
  pairs.forEach(([setting, value], i) => {
    payload.writeUInt16BE(setting, 6 * i)
    payload.writeUInt32BE(value, 6 * i + 2)
  })
  return frame(SETTINGS, 0, 0, payload)
}

export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value >>> 0)
  return bytes
}

export const windowUpdate = (stream: number, increment: number): Buffer =>
  frame(WINDOW_UPDATE, 0, stream, uint32(increment))
export const reset = (stream: number, code: number): Buffer => frame(RST_STREAM, 0, stream, uint32(code))
export const data = (stream: number, text: string | Uint8Array, flags = 0): Buffer =>
  frame(DATA, flags, stream, typeof text === 'string' ? Buffer.from(text, 'latin1') : text)

/** What a client sends before its first request. */
export const OPENING = Buffer.concat([PREFACE, settings()])

/** Takes bytes as they come, and tells whole frames. */
export class FrameParser {
  #bytes: Buffer = Buffer.alloc(0)

  push(bytes: Uint8Array): Frame[] {
    this.#bytes = Buffer.concat([this.#bytes, bytes])
    const found: Frame[] = []
    for (;;) {
      if (this.#bytes.length < 9) return found
      const length = this.#bytes.readUIntBE(0, 3)
      if (this.#bytes.length < 9 + length) return found
      found.push({
        type: this.#bytes[3]!,
        flags: this.#bytes[4]!,
        stream: this.#bytes.readUInt32BE(5),
        payload: this.#bytes.subarray(9, 9 + length),
      })
      this.#bytes = this.#bytes.subarray(9 + length)
    }
  }
}
