// The key that session tickets are sealed with: drawn at random and drawn anew every so often, or that of a file, which several instances
// may share. Whoever comes with a ticket of another key does a full handshake, and notices nothing else.

import { randomBytes } from 'node:crypto'
import { fingerprint } from '../../config/read/inputs.ts'
import { readRegularFileAside } from '../../config/read/regular-file.ts'
import { InputWatch } from '../../config/read/watch.ts'
import type { TicketPlan } from '../../plan/tls.ts'
import { readTicketKey, TICKET_KEY_BYTES } from '../../tls/ticket-key.ts'
import { CannotServe } from '../workers/cannot-serve.ts'
import type { CertificateEvent } from './certificate-event.ts'

export interface TicketKeysOptions {
  readonly tell: (event: CertificateEvent) => void
  /** Workers have another than what is in use. */
  readonly changed: () => void
  /** One line, for the log. */
  readonly warn: (text: string) => void
}

export class TicketKeys {
  readonly #options: TicketKeysOptions
  readonly #watch: InputWatch
  #key: Uint8Array = randomBytes(TICKET_KEY_BYTES)
  /** When it was drawn, by performance.now(). */
  #drawnMs = performance.now()
  #file: string | undefined
  #print = ''

  constructor(options: TicketKeysOptions) {
    this.#options = options
    this.#watch = new InputWatch({
      onChange: () => void this.#look(),
      onDeaf: why => options.warn(`watching the ticket key: ${why}`),
    })
  }

  get key(): Uint8Array {
    return this.#key
  }

  /** Uses what the plan says. Rejects with CannotServe where its file can't be used, and no key of it is in use; then nothing has changed. */
  async use({ file }: TicketPlan): Promise<void> {
    if (file === undefined) {
      if (this.#file === undefined) return
      this.#file = undefined
      this.#watch.follow(new Map())
      return this.#draw()
    }
    const read = await readKeyFile(file)
    if (read.wrong !== undefined && file !== this.#file)
      throw new CannotServe(`the file ${JSON.stringify(file)} ${read.wrong}`, undefined)
    this.#file = file
    this.#print = read.print
    this.#key = read.key ?? this.#key
    this.#watch.follow(new Map([[file, read.print]]))
  }

  /** Time has passed. @param nowMs of performance.now() */
  tick({ rotationMs }: TicketPlan, nowMs: number): void {
    if (this.#file !== undefined || rotationMs === 0 || nowMs - this.#drawnMs < rotationMs) return
    this.#draw()
    this.#options.changed()
  }

  close(): void {
    this.#watch.close()
  }

  #draw(): void {
    this.#key = randomBytes(TICKET_KEY_BYTES)
    this.#drawnMs = performance.now()
  }

  async #look(): Promise<void> {
    const file = this.#file
    if (file === undefined) return
    const { key, wrong, print } = await readKeyFile(file)
    if (file !== this.#file || print === this.#print) return
    this.#print = print
    this.#watch.follow(new Map([[file, print]]))
    const isOther = key !== undefined && Buffer.compare(key, this.#key) !== 0
    this.#options.tell({ type: 'certificate', kind: 'ticket-key', file, why: wrong })
    if (!isOther) return
    this.#key = key
    this.#options.changed()
  }
}

/** Never rejects. */
async function readKeyFile(file: string): Promise<{ print: string; key?: Uint8Array; wrong?: string }> {
  try {
    const found = await readRegularFileAside(file)
    if ('not' in found) return { print: found.not, wrong: `is ${found.not}` }
    return { print: fingerprint(found.bytes), ...readTicketKey(found.bytes) }
  } catch (error) {
    const { code = 'unreadable' } = error as NodeJS.ErrnoException
    return { print: code, wrong: `cannot be read (${code})` }
  }
}
