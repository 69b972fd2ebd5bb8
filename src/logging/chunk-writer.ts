// Writes chunks of whole lines to a file or to stdout, in order, one write at a time, off the thread. It never blocks and never grows
// without bound: what can't be written waits, up to a limit, and is tried again; beyond the limit the giver has to drop lines.

import { close, constants, mkdir, open, write } from 'node:fs'
import { dirname } from 'node:path'
import type { ChunkSink } from './line-buffer.ts'

export interface ChunkWriterOptions {
  /** Path of a file, which is created and appended to; undefined = stdout. */
  readonly path: string | undefined
  /** The file must be no link, and when it is made nobody else may read it. */
  readonly guarded?: true | undefined
  readonly chunkBytes: number
  /** Most bytes of chunks that wait or are being filled. */
  readonly heldBytes: number
  /** It could not be written, or can be written again: one line for people. */
  readonly say: (level: 'warn' | 'info', message: string) => void
}

interface Waiting {
  readonly chunk: Buffer
  readonly bytes: number
  readonly lines: number
}

const STDOUT = 1
const NEWLINE = 10
/** A chunk has this much room for the line that turns out not to fit any more. */
const SLACK_BYTES = 4096
/** Empty chunks that are kept. */
const SPARE = 4
const RETRY_MS = 1000
const APPEND = constants.O_APPEND | constants.O_CREAT | constants.O_WRONLY
/** A pipe that is full for now. */
const FULL_PIPE_MS = 20

export class ChunkWriter implements ChunkSink {
  /** Why the last try failed; undefined = it did not. */
  trouble: string | undefined = undefined
  readonly #options: ChunkWriterOptions
  readonly #name: string
  readonly #spare: Buffer[] = []
  readonly #queue: Waiting[] = []
  #heldBytes = 0
  /** Of the first in the queue. */
  #written = 0
  #fd: number | undefined
  #busy = false
  #reopen = false
  #retry: NodeJS.Timeout | undefined
  #onEmpty: (() => void) | undefined
  #closed = false

  constructor(options: ChunkWriterOptions) {
    this.#options = options
    this.#name = options.path ?? 'stdout'
    this.#fd = options.path === undefined ? STDOUT : undefined
    this.#next()
  }

  take(bytes: number): Buffer | undefined {
    const { chunkBytes, heldBytes } = this.#options
    const size = Math.max(chunkBytes + SLACK_BYTES, bytes)
    if (this.#closed || this.#heldBytes + size > heldBytes) return undefined
    this.#heldBytes += size
    return size > chunkBytes + SLACK_BYTES
      ? Buffer.allocUnsafeSlow(size)
      : (this.#spare.pop() ?? Buffer.allocUnsafeSlow(size))
  }

  give(chunk: Buffer, bytes: number, lines: number): void {
    if (bytes === 0) return this.#recycle(chunk)
    this.#queue.push({ chunk, bytes, lines })
    this.#next()
  }

  /** Goes on in a newly opened file: the old one has been moved away. */
  reopen(): void {
    if (this.#options.path === undefined) return
    this.#reopen = true
    // A new file may take what the old one did not.
    if (this.trouble === undefined) this.#next()
    else this.#wake()
  }

  /** Resolves with the number of lines that could not be written, after all else was, or after `patienceMs`. Takes no more. */
  close(patienceMs: number): Promise<number> {
    return new Promise(resolve => {
      const end = () => {
        clearTimeout(patience)
        clearTimeout(this.#retry)
        this.#closed = true
        this.#onEmpty = () => {}
        const lost = this.#queue.reduce((sum, { lines }) => sum + lines, 0)
        // A write that hangs still uses the descriptor: it is left to the end of the thread.
        if (this.#busy || this.#fd === undefined || this.#fd === STDOUT) return resolve(lost)
        close(this.#fd, () => resolve(lost))
      }
      const patience = setTimeout(end, patienceMs)
      this.#onEmpty = end
      this.#wake()
    })
  }

  /** The one step: whatever is to be done next, if nothing is being done. */
  #next(): void {
    if (this.#busy || this.#retry !== undefined) return
    if (this.#fd === undefined || (this.#reopen && this.#mayLeave)) return this.#open(this.#options.path!)
    const first = this.#queue[0]
    if (first === undefined) return this.#onEmpty?.()
    this.#busy = true
    write(this.#fd, first.chunk, this.#written, first.bytes - this.#written, null, (error, written) => {
      this.#busy = false
      if (error !== null) return this.#failed(error)
      this.#succeeded()
      this.#written += written
      if (this.#written === first.bytes) this.#shift(first)
      this.#next()
    })
  }

  /** A chunk that is half written is finished first, unless it can't be: a file that was removed keeps its space until it is closed. */
  get #mayLeave(): boolean {
    return this.#written === 0 || this.trouble !== undefined
  }

  #open(path: string): void {
    const { guarded } = this.#options
    this.#busy = true
    mkdir(dirname(path), { recursive: true }, () =>
      // A folder that could not be made shows here.
      open(path, APPEND | (guarded ? constants.O_NOFOLLOW : 0), guarded ? 0o600 : 0o666, (error, fd) => {
        this.#busy = false
        this.#reopen = false
        if (error === null) this.#opened(fd)
        else if (this.#fd === undefined) return this.#failed(error)
        else this.#options.say('warn', `the access log goes on in the file that is open: ${error.message}`)
        this.#next()
      }),
    )
  }

  #opened(fd: number): void {
    if (this.#fd !== undefined) close(this.#fd, () => {})
    this.#fd = fd
    // The line that was cut goes to the new file as a whole.
    const first = this.#queue[0]
    if (first !== undefined && this.#written > 0)
      this.#written = first.chunk.lastIndexOf(NEWLINE, this.#written - 1) + 1
  }

  #shift({ chunk }: Waiting): void {
    this.#queue.shift()
    this.#written = 0
    this.#recycle(chunk)
  }

  #recycle(chunk: Buffer): void {
    this.#heldBytes -= chunk.length
    if (this.#spare.length < SPARE && chunk.length === this.#options.chunkBytes + SLACK_BYTES) this.#spare.push(chunk)
  }

  #failed({ code, message }: NodeJS.ErrnoException): void {
    if (code !== 'EAGAIN') {
      if (this.trouble === undefined)
        this.#options.say(
          'warn',
          `the access log can't be written to ${this.#name}: ${message}; lines wait, and are dropped where too many do`,
        )
      this.trouble = code ?? message
      // The last try was that: whoever closes does not wait for better times.
      if (this.#onEmpty !== undefined) return this.#onEmpty()
    }
    this.#retry = setTimeout(() => this.#wake(), code === 'EAGAIN' ? FULL_PIPE_MS : RETRY_MS)
    this.#retry.unref()
  }

  #succeeded(): void {
    if (this.trouble === undefined) return
    this.trouble = undefined
    this.#options.say('info', `the access log is written to ${this.#name} again`)
  }

  #wake(): void {
    clearTimeout(this.#retry)
    this.#retry = undefined
    this.#next()
  }
}
