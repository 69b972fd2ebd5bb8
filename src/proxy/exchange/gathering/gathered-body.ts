// The body of a request that is gathered before an upstream is chosen: held in memory, then in a file. It goes up at the upstream's pace, and
// from its beginning again for another attempt. One that came whole with its head is as any other. So is what comes after a trouble: first
// goes up what is held, then the rest goes straight through.

import type { BodyLength } from '../../../http/body.ts'
import { type Fields, NO_FIELDS } from '../../../http/fields.ts'
import type { BodyBufferPlan } from '../../../plan/buffering.ts'
import type { BufferTrouble } from '../../../policy/request/buffering/trouble.ts'
import type { Buffers } from '../../spool/buffers.ts'
import { HeldBytes, type HeldOwner, type Room } from '../../spool/held-bytes.ts'
import type { UpstreamConnection } from '../../upstream/connection.ts'
import { RequestBody } from '../request-body.ts'

/** What the next bytes of it do. `held`: they wait with those before them; `up`: they go straight up; `done`: there are none. */
type Way = 'held' | 'up' | 'done'

export class GatheredBody extends RequestBody {
  readonly #buffers: Buffers
  readonly #plan: BodyBufferPlan
  /** Undefined as long as it is as any other. */
  #held: HeldBytes | undefined = undefined
  #up: UpstreamConnection | undefined = undefined
  #way: Way = 'held'
  #end: Fields = NO_FIELDS
  #isLost = false

  constructor(length: BodyLength, buffers: Buffers, plan: BodyBufferPlan) {
    super(length)
    this.#buffers = buffers
    this.#plan = plan
    this.keep(plan.memoryBytes)
  }

  /** From now on it is gathered. */
  gather(owner: HeldOwner): void {
    this.#held = new HeldBytes(this.#buffers, this.#plan, true, owner)
    const bytes = this.release()
    if (bytes) this.#held.append(bytes, 0, bytes.length)
  }

  /** Whether to go on gathering, once it has begun. */
  get room(): Room {
    return this.#held?.room ?? 'none'
  }

  /** Something of it is held back until the upstream, or the disk, comes round. */
  get isWaiting(): boolean {
    return this.#held !== undefined && this.#way === 'held'
  }

  /** It is the disk that is waited for. */
  get awaitsDisk(): boolean {
    return this.#up !== undefined && this.isWaiting && this.#up.flush()
  }

  /** Why there is no more room. */
  get trouble(): BufferTrouble | undefined {
    return this.#held?.trouble
  }

  get hasTrailers(): boolean {
    return this.#end.names.length > 0
  }

  override get sent(): boolean {
    return this.#held === undefined ? super.sent : this.#way === 'done' && this.#up !== undefined
  }

  override get bytesUp(): number {
    return this.#held === undefined ? super.bytesUp : this.bytes - this.#held.unread
  }

  override get replayable(): boolean {
    return this.#held === undefined ? super.replayable : !this.#isLost && this.#held.bytes === this.bytes
  }

  override whole(): Buffer | undefined {
    return this.#held === undefined ? super.whole() : this.received ? this.#held.whole() : undefined
  }

  override push(chunk: Buffer, start: number, end: number): void {
    if (this.#held === undefined) return super.push(chunk, start, end)
    this.bytes += end - start
    if (this.#way === 'held') this.#held.append(chunk, start, end)
    else this.#up?.body(chunk.subarray(start, end))
  }

  override end(trailers: Fields): void {
    this.#end = trailers
    if (this.#held === undefined) return super.end(trailers)
    this.received = true
    if (this.#way !== 'up' || !this.#up) return
    this.#way = 'done'
    this.#up.end(trailers)
    this.#up.flush()
  }

  override flush(): boolean {
    if (this.#held === undefined) return super.flush()
    return this.#way === 'up' && this.#up?.flush() === true
  }

  override start(connection: UpstreamConnection): boolean {
    if (this.#held === undefined) return super.start(connection)
    this.#up = connection
    this.#way = 'held'
    this.#held.rewind()
    return this.pump()
  }

  /** Sends on, as far as the upstream takes it and the disk gives it. @returns false where more is to follow, on its drain or once it has been read */
  pump(): boolean {
    const [held, up] = [this.#held, this.#up]
    if (held === undefined || up === undefined || this.#way !== 'held') return true
    // What the upstream can't get any more is not read either: its answer is awaited.
    while (held.unread > 0 && !up.writeFailed) {
      // The first piece leaves together with the head; what the disk gives after it waits until the upstream has taken what it got.
      if (held.unread < held.bytes && !up.flush()) return false
      if (!up.hasUnsent) held.reuse()
      const piece = held.next()
      if (piece === undefined) return false
      up.body(piece)
    }
    this.#way = this.received ? 'done' : 'up'
    if (this.received) up.end(this.#end)
    return up.flush()
  }

  override detach(): void {
    super.detach()
    this.#up = undefined
    this.#way = 'held'
  }

  /** What was in its file is gone. @returns whether it could do without */
  lose(): boolean {
    this.#isLost = true
    return this.sent
  }

  /** Lets go of all that is held: nobody asks for it again. To be called any number of times. */
  drop(): void {
    this.#isLost = true
    this.#held?.end()
  }
}
