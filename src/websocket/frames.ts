// Where the frames of a WebSocket begin and end (RFC 6455 5.2), in bytes that come in pieces of any size. Changes and keeps none
// of them; knows nothing of messages, extensions or sockets.

/** Who sends: a client masks its frames, a server must not. */
export type Sender = 'client' | 'server'

export const OPCODE_CLOSE = 8
/** Status of a Close frame, RFC 6455 7.4.1 and the registry it names. */
export const CLOSE_STATUS = { goingAway: 1001, serviceRestart: 1012 } as const

const MASK_KEY_BYTES = 4
const MOST_CONTROL_BYTES = 125
/** Bit by opcode: those that RFC 6455 defines. Another one changes nothing of a frame's length, but nobody sends it. */
const KNOWN_OPCODES = 0b0000_0111_0000_0111

/** What comes next. */
type Part = 'first' | 'second' | 'length' | 'payload'

/** One direction of one connection. */
export class FrameTracker {
  readonly #maskBit: 0x80 | 0
  #part: Part = 'first'
  /** Of `length`: bytes still to come. Of `payload`: likewise, the masking key included. */
  #left = 0
  #length = 0
  /** Of the current frame, else of the last one. */
  #opcode = -1
  #valid = true
  #closed = false

  constructor(sender: Sender) {
    this.#maskBit = sender === 'client' ? 0x80 : 0
  }

  /** False from the first byte on that no frame can have: then the rest means nothing. */
  get valid(): boolean {
    return this.#valid
  }

  /** What was read ends with a whole frame (or nothing was read yet): another one may begin here, or be put here. */
  get atBoundary(): boolean {
    return this.#part === 'first' && this.#valid
  }

  /** A whole Close frame has been read: no frame may follow (5.5.1). */
  get closed(): boolean {
    return this.#closed
  }

  /** Reads all of `bytes`. */
  push(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; ) at = this.advance(bytes, at)
  }

  /** Reads up to the end of the current frame, of a new one where none is under way, or of the bytes. @returns where that is */
  advance(bytes: Uint8Array, from: number): number {
    const end = bytes.length
    let at = from
    while (at < end && this.#valid) {
      if (this.#part === 'payload') {
        const skip = Math.min(this.#left, end - at)
        at += skip
        this.#left -= skip
        if (this.#left > 0) return at
        this.#endFrame()
        return at
      }
      const byte = bytes[at]!
      at += 1
      if (this.#part === 'first') this.#first(byte)
      else if (this.#part === 'second') this.#second(byte)
      else this.#extend(byte)
      if (this.#part === 'first') return at
    }
    return this.#valid ? at : end
  }

  #first(byte: number): void {
    this.#opcode = byte & 0x0f
    const control = this.#opcode >= OPCODE_CLOSE
    // Control frames are never fragmented (5.5); the three reserved bits belong to extensions.
    if ((KNOWN_OPCODES & (1 << this.#opcode)) === 0 || (control && byte < 0x80)) this.#valid = false
    this.#part = 'second'
  }

  #second(byte: number): void {
    const length = byte & 0x7f
    const control = this.#opcode >= OPCODE_CLOSE
    if ((byte & 0x80) !== this.#maskBit || (control && length > MOST_CONTROL_BYTES)) this.#valid = false
    this.#length = 0
    if (length > MOST_CONTROL_BYTES) {
      this.#left = length === 126 ? 2 : 8
      this.#part = 'length'
    } else this.#beginPayload(length)
  }

  /** The length goes on in this byte: 16 or 64 bits, of which more than 53 can't be meant. */
  #extend(byte: number): void {
    this.#length = this.#length * 256 + byte
    this.#left -= 1
    if (this.#length > Number.MAX_SAFE_INTEGER) this.#valid = false
    else if (this.#left === 0) this.#beginPayload(this.#length)
  }

  #beginPayload(length: number): void {
    this.#left = length + (this.#maskBit === 0 ? 0 : MASK_KEY_BYTES)
    this.#part = 'payload'
    if (this.#left === 0) this.#endFrame()
  }

  #endFrame(): void {
    this.#part = 'first'
    if (this.#opcode === OPCODE_CLOSE) this.#closed = true
  }
}

/** Whether the frame that begins with this byte is a Close. */
export function beginsClose(byte: number): boolean {
  return (byte & 0x0f) === OPCODE_CLOSE
}

/**
 * A Close frame.
 * @param reason ASCII, at most 123 characters
 * @param maskKey four bytes for a frame to a server; undefined for one to a client
 */
export function closeFrame(status: number, reason: string, maskKey?: Uint8Array): Uint8Array {
  const from = 2 + (maskKey === undefined ? 0 : MASK_KEY_BYTES)
  const frame = new Uint8Array(from + 2 + reason.length)
  frame[0] = 0x80 | OPCODE_CLOSE
  frame[1] = (maskKey === undefined ? 0 : 0x80) | (2 + reason.length)
  frame[from] = status >> 8
  frame[from + 1] = status & 0xff
  for (let i = 0; i < reason.length; i += 1) frame[from + 2 + i] = reason.charCodeAt(i)
  if (maskKey === undefined) return frame
  frame.set(maskKey, 2)
  for (let i = from; i < frame.length; i += 1) frame[i]! ^= maskKey[(i - from) % MASK_KEY_BYTES]!
  return frame
}
