// Runs a session without a socket, and tells what it told and what it sent.

import { CONNECTION_FAULTS, type ConnectionFault } from '../../../src/http2/errors.ts'
import { FrameWriter } from '../../../src/http2/frame-writer.ts'
import { ServerSession } from '../../../src/http2/session.ts'
import type { SessionEvents, SessionLimits } from '../../../src/http2/session-events.ts'
import { Stream } from '../../../src/http2/stream.ts'
import { WriteBuffers } from '../../../src/http2/write-buffers.ts'
import { type Frame, FrameParser, GOAWAY, OPENING } from '../../support/http2/frames.ts'

export const LIMITS: SessionLimits = {
  headBytes: 16_384,
  headerCount: 100,
  targetBytes: 8192,
  streams: 100,
  streamWindow: 65_535,
  connectionWindow: 100_000,
}

/** Of a session: one line for each thing that was told, but for a body, of which the pieces are one. */
export class Listener implements SessionEvents<Stream> {
  readonly told: string[] = []
  readonly opened: Stream[] = []
  readonly heads: unknown[] = []
  fault: ConnectionFault | undefined
  /** What is done with a request, after it was told. */
  answer: ((stream: Stream) => void) | undefined

  openStream(id: number, sendWindow: number, receiveWindow: number): Stream {
    const stream = new Stream(id, sendWindow, receiveWindow)
    this.opened.push(stream)
    return stream
  }

  onRequest(stream: Stream, head: { method: string; target: string; meaning: unknown }): void {
    this.told.push(`request ${stream.id} ${head.method} ${head.target}`)
    this.heads.push(head)
    this.answer?.(stream)
  }

  onRequestFault({ id }: Stream, fault: string): void {
    this.told.push(`refused ${id} ${fault}`)
  }

  onBody({ id }: Stream, chunk: Buffer, start: number, end: number): void {
    const text = chunk.toString('latin1', start, end)
    if (this.told.at(-1)?.startsWith(`body ${id} `)) this.told[this.told.length - 1] += text
    else this.told.push(`body ${id} ${text}`)
  }

  onRequestEnd({ id }: Stream, { names, values }: { names: readonly string[]; values: readonly string[] }): void {
    this.told.push(`end ${id}${names.map((name, i) => ` ${name}: ${values[i]}`).join()}`)
  }

  onBodyFault({ id }: Stream, fault: string): void {
    this.told.push(`malformed ${id} ${fault}`)
  }

  onReset({ id }: Stream, code: number): void {
    this.told.push(`reset ${id} ${code}`)
  }

  onWindow(stream: Stream | undefined): void {
    this.told.push(`window ${stream?.id ?? 0}`)
  }

  onPong(): void {
    this.told.push('pong')
  }

  onGoAway(code: number): void {
    this.told.push(`goaway ${code}`)
  }

  onFault(fault: ConnectionFault): void {
    this.fault = fault
    this.told.push(`fault ${fault}`)
  }
}

export class SessionRun {
  readonly listener = new Listener()
  readonly session: ServerSession<Stream>
  readonly #writer = new FrameWriter(new WriteBuffers())
  readonly #parser = new FrameParser()
  nowMs = 1000

  constructor(limits: Partial<SessionLimits> = {}) {
    this.session = new ServerSession(this.listener, { ...LIMITS, ...limits }, this.#writer)
  }

  get told(): readonly string[] {
    return this.listener.told
  }

  receive(...pieces: readonly Uint8Array[]): this {
    for (const piece of pieces) this.session.receive(Buffer.from(piece), this.nowMs)
    return this
  }

  /** What was sent since the last time. */
  bytes(): Buffer {
    const bytes = Buffer.from(this.#writer.take())
    this.#writer.release(true)
    return bytes
  }

  /** The same. */
  sent(): Frame[] {
    return this.#parser.push(this.bytes())
  }
}

/** A session of which both sides have said what they say first. */
export function opened(limits: Partial<SessionLimits> = {}): SessionRun {
  const run = new SessionRun(limits)
  run.session.begin()
  run.receive(OPENING)
  run.sent()
  return run
}

/** Code and reason of the GOAWAY that ends the frames; undefined = none does. */
export function endOf(frames: readonly Frame[]): { code: number; debug: string; lastStream: number } | undefined {
  const last = frames.at(-1)
  if (last?.type !== GOAWAY) return undefined
  const { payload } = last
  return { lastStream: payload.readUInt32BE(0), code: payload.readUInt32BE(4), debug: payload.toString('latin1', 8) }
}

export const codeOf = (fault: ConnectionFault): number => CONNECTION_FAULTS[fault].code
