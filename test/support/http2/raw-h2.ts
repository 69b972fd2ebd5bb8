// A client of HTTP/2 made of frames: sends exactly what a test says, acknowledges nothing by itself, and keeps every frame that comes.

import { connect, type Socket } from 'node:net'
import { until } from '../until.ts'
import { BlockEncoder, type Field } from './block-encoder.ts'
import {
  ACK,
  END_HEADERS,
  END_STREAM,
  type Frame,
  FrameParser,
  frame,
  GOAWAY,
  HEADERS,
  OPENING,
  PING,
} from './frames.ts'

export class RawH2 {
  readonly frames: Frame[] = []
  readonly socket: Socket
  ending: 'open' | 'fin' | 'reset' = 'open'
  readonly #blocks = new BlockEncoder()

  private constructor(port: number) {
    this.socket = connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true })
    const parser = new FrameParser()
    this.socket.on('data', bytes => this.frames.push(...parser.push(bytes as Buffer)))
    this.socket.on('end', () => {
      this.ending = 'fin'
    })
    this.socket.on('error', () => {
      this.ending = 'reset'
    })
  }

  /** With the preface sent, and the settings of the client. */
  static async open(port: number, opening: Buffer = OPENING): Promise<RawH2> {
    const client = new RawH2(port)
    await client.send(opening)
    return client
  }

  send(...frames: readonly Uint8Array[]): Promise<void> {
    return new Promise(resolve => this.socket.write(Buffer.concat(frames), () => resolve()))
  }

  /** HEADERS of a request. */
  request(stream: number, path: string, { method = 'GET', ends = true, fields = [] as readonly Field[] } = {}): Buffer {
    const pseudo: Field[] = [
      [':method', method],
      [':scheme', 'http'],
      [':path', path],
      [':authority', 'a.example'],
    ]
    return frame(HEADERS, END_HEADERS | (ends ? END_STREAM : 0), stream, this.#blocks.block([...pseudo, ...fields]))
  }

  of(type: number, stream?: number): Frame[] {
    return this.frames.filter(each => each.type === type && (stream === undefined || each.stream === stream))
  }

  /** Last stream and code of each GOAWAY. */
  get goAways(): { last: number; code: number }[] {
    return this.of(GOAWAY).map(({ payload }) => ({ last: payload.readUInt32BE(0), code: payload.readUInt32BE(4) }))
  }

  /** Answers the PINGs that have come. */
  async pong(): Promise<void> {
    for (const { flags, payload } of this.of(PING))
      if ((flags & ACK) === 0) await this.send(frame(PING, ACK, 0, payload))
  }

  /** What came of the body of an answer, and whether that is all. */
  body(stream: number): { bytes: Buffer; ended: boolean } {
    const own = this.frames.filter(each => each.stream === stream)
    const bytes = Buffer.concat(own.filter(({ type }) => type === 0).map(({ payload }) => payload))
    return { bytes, ended: own.some(({ type, flags }) => type <= HEADERS && (flags & END_STREAM) !== 0) }
  }

  /** Resolves once the answer on the stream is complete. */
  async answered(stream: number): Promise<string> {
    await until(`stream ${stream} is answered`, () => this.body(stream).ended)
    return this.body(stream).bytes.toString('latin1')
  }

  async when(what: string, condition: () => boolean): Promise<void> {
    await until(what, condition)
  }

  close(): void {
    this.socket.destroy()
  }
}
