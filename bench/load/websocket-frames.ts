// WebSocket data frames (RFC 6455 5.2), as far as an echo needs them: whole binary messages of one frame.

/** One frame. A client's is masked, with the key 0 that leaves the bytes as they are (any key is allowed). */
export function frame(message: Buffer, from: 'client' | 'server'): Buffer {
  const extended = message.length < 126 ? 0 : message.length < 65_536 ? 2 : 8
  const mask = from === 'client' ? 4 : 0
  const head = Buffer.alloc(2 + extended + mask)
  head[0] = 0x82
  head[1] = (mask > 0 ? 0x80 : 0) | (extended === 0 ? message.length : extended === 2 ? 126 : 127)
  if (extended === 2) head.writeUInt16BE(message.length, 2)
  else if (extended === 8) head.writeBigUInt64BE(BigInt(message.length), 2)
  return Buffer.concat([head, message])
}

/** Gives each message to `onMessage`, which must not keep it. Throws for what is not a whole binary message. */
export class FrameReader {
  readonly #onMessage: (message: Buffer) => void
  #pending: Buffer = Buffer.alloc(0)

  constructor(onMessage: (message: Buffer) => void) {
    this.#onMessage = onMessage
  }

  push(chunk: Buffer): void {
    let rest = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk])
    for (;;) {
      const used = this.#take(rest)
      if (used === 0) break
      rest = rest.subarray(used)
    }
    this.#pending = rest
  }

  /** @returns bytes of the frame; 0 while it is incomplete */
  #take(bytes: Buffer): number {
    if (bytes.length < 2) return 0
    if (bytes[0] !== 0x82) throw new Error(`a frame began with 0x${bytes[0]?.toString(16)} instead of 0x82`)
    const masked = bytes[1]! >= 0x80
    const short = bytes[1]! & 0x7f
    const from = (short < 126 ? 2 : short === 126 ? 4 : 10) + (masked ? 4 : 0)
    if (bytes.length < from) return 0
    const length = short < 126 ? short : short === 126 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2))
    if (bytes.length < from + length) return 0
    const message = bytes.subarray(from, from + length)
    if (masked) unmask(message, bytes.subarray(from - 4, from))
    this.#onMessage(message)
    return from + length
  }
}

function unmask(message: Buffer, key: Buffer): void {
  if (key.readUInt32BE(0) === 0) return
  for (let i = 0; i < message.length; i += 1) message[i]! ^= key[i % 4]!
}
