// Bodies in a content coding: what they decode to, as a whole or as it comes.

import {
  brotliDecompressSync,
  createBrotliDecompress,
  createGunzip,
  createZstdDecompress,
  gunzipSync,
  zstdDecompressSync,
} from 'node:zlib'
import { within } from './until.ts'
import { field, type Message } from './wire.ts'

/** Bytes of the answer's body without its content coding. Throws where they are cut, or of another coding. */
export function decoded(message: Pick<Message, 'fields' | 'body'>): Buffer {
  return decodedBytes(message.body, field(message, 'content-encoding') ?? '')
}

/** @param coding '' = none @throws as `decoded` */
export function decodedBytes(bytes: Buffer, coding: string): Buffer {
  switch (coding) {
    case '':
      return bytes
    case 'gzip':
      return gunzipSync(bytes)
    case 'br':
      return brotliDecompressSync(bytes)
    case 'zstd':
      return zstdDecompressSync(bytes)
    default:
      throw new Error(`a coding that was not asked for: ${coding}`)
  }
}

/** Decodes what comes of a body before it is complete. */
export class Decoder {
  readonly #stream
  #text = ''
  #wake: () => void = () => {}

  constructor(coding: 'gzip' | 'br' | 'zstd') {
    this.#stream =
      coding === 'gzip' ? createGunzip() : coding === 'br' ? createBrotliDecompress() : createZstdDecompress()
    this.#stream.on('data', (bytes: Buffer) => {
      this.#text += bytes.toString('latin1')
      this.#wake()
    })
    this.#stream.on('error', () => {})
  }

  push(bytes: Buffer): void {
    this.#stream.write(bytes)
  }

  /** Resolves once all of `text`, latin1, has come. */
  async until(text: string, timeoutMs: number): Promise<void> {
    const wait = async () => {
      while (this.#text.length < text.length)
        await new Promise<void>(resolve => {
          this.#wake = resolve
        })
    }
    await within(timeoutMs, () => `only ${JSON.stringify(this.#text)} of ${JSON.stringify(text)}`, wait())
    if (this.#text !== text) throw new Error(`${JSON.stringify(this.#text)} in place of ${JSON.stringify(text)}`)
  }
}
