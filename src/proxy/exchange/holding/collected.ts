// Takes the answer to a held request where no client does: as much of its body as is kept.

import type { Fields } from '../../../http/fields.ts'
import type { ResponseHead } from '../../../http/heads.ts'
import type { TunnelEnd } from '../../runtime/tunnel-end.ts'
import type { ClientSide, Downstream } from '../downstream.ts'

export interface CollectedAnswer {
  readonly status: number
  /** Names and values in their order. */
  readonly fields: readonly string[]
  readonly body: Uint8Array
  readonly isWhole: boolean
}

export class Collected implements Downstream {
  readonly client: ClientSide
  readonly logins = undefined
  readonly webSocketAccept = undefined
  readonly bytesWaiting = 0
  readonly holdsBuffers = false
  readonly abandon: () => void
  readonly #mostBytes: number
  readonly #done: (answer: CollectedAnswer) => void
  #head: ResponseHead | undefined = undefined
  readonly #pieces: Buffer[] = []
  #bytes = 0
  #isWhole = true

  /** @param done is called once, where there was an answer @param lost nothing is left that could say how it ended */
  constructor(client: ClientSide, mostBytes: number, done: (answer: CollectedAnswer) => void, lost: () => void) {
    this.client = client
    this.abandon = lost
    this.#mostBytes = mostBytes
    this.#done = done
  }

  head(head: ResponseHead): void {
    this.#head = head
  }

  body(chunk: Buffer, start: number, end: number): void {
    const kept = Math.min(end - start, this.#mostBytes - this.#bytes)
    if (kept < end - start) this.#isWhole = false
    if (kept <= 0) return
    // The chunk is used again.
    this.#pieces.push(Buffer.from(chunk.subarray(start, start + kept)))
    this.#bytes += kept
  }

  finished(): void {
    this.#tell()
  }

  cut(): void {
    this.#isWhole = false
    this.#tell()
  }

  #tell(): void {
    const head = this.#head
    if (head === undefined) return
    this.#head = undefined
    const body = new Uint8Array(this.#bytes)
    let at = 0
    for (const piece of this.#pieces) {
      body.set(piece, at)
      at += piece.length
    }
    this.#done({ status: head.status, fields: pairs(head.fields), body, isWhole: this.#isWhole })
  }

  flush(): boolean {
    return true
  }

  interim(): void {}
  endAfterResponse(): void {}
  end(): void {}
  requireHttp1(): void {}
  pauseBody(): void {}
  resumeBody(): void {}

  upgrade(): TunnelEnd {
    throw new Error('what is held is never an upgrade')
  }
}

function pairs({ names, values }: Fields): string[] {
  return names.flatMap((name, i) => [name, values[i]!])
}
