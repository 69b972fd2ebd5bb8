// The streams that vigia has reset last. Frames that were on their way then are no fault of the client's (RFC 9113 5.1).

/** More than are reset at once. */
const MOST = 512

export class ResetStreams {
  readonly #ids: number[] = []
  #next = 0

  add(id: number): void {
    this.#ids[this.#next] = id
    this.#next = (this.#next + 1) % MOST
  }

  has(id: number): boolean {
    return this.#ids.includes(id)
  }
}
