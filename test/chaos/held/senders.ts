// Partners' programs: each posts one request after the other, waits for what it is told, and goes on. A sender repeats only what was
// acknowledged as held, with the same Idempotency-Key, which must change nothing.

import { Agent, request as open } from 'node:http'
import { pick, type Random, whole } from '../../support/random.ts'
import { sleep } from '../../support/until.ts'
import { ROUTES, type Route } from './setup.ts'

/** What a sender was told of a request. `none`: it may have been taken, nobody knows. */
export interface Told {
  readonly id: string
  readonly route: Route
  readonly sender: number
  readonly bytes: number
  readonly isRepeat: boolean
  readonly startMs: number
  readonly end: 'answered' | 'none'
  readonly status: number
  readonly node: string
  /** Of vigia's own answer. */
  readonly code: string
  readonly location: string
}

const PATIENCE_MS = 20_000
const REPEATS = 0.1
const PAUSE_MS = 4

export class Senders {
  readonly told: Told[] = []
  readonly #port: number
  readonly #seed: number
  readonly #agent = new Agent({ keepAlive: true })
  readonly #under: Promise<void>[]
  #isOver = false

  constructor(port: number, seed: number, senders: number, randomOf: (sender: number) => Random) {
    this.#port = port
    this.#seed = seed
    this.#under = Array.from({ length: senders }, (_, sender) => this.#run(sender, randomOf(sender)))
  }

  get acknowledged(): number {
    return this.told.reduce((sum, { status, isRepeat }) => sum + Number(status === 202 && !isRepeat), 0)
  }

  async stop(): Promise<void> {
    this.#isOver = true
    await Promise.all(this.#under)
    this.#agent.destroy()
  }

  async #run(sender: number, random: Random): Promise<void> {
    for (let number = 1; !this.#isOver; number += 1) {
      const ask = {
        id: `${this.#seed}-${sender}-${number}`,
        route: pick(ROUTES, random),
        sender,
        bytes: whole(1, 2_000, random),
      }
      const told = await this.#post(ask, false)
      if (told.status === 202 && random() < REPEATS) await this.#post(ask, true)
      await sleep(told.status < 300 ? PAUSE_MS : PAUSE_MS * 10)
    }
  }

  /** As often as it takes until somebody listens. */
  async #post(ask: Pick<Told, 'id' | 'route' | 'sender' | 'bytes'>, isRepeat: boolean): Promise<Told> {
    for (;;) {
      const startMs = Date.now()
      const got = await this.#once(ask)
      if (got === 'nobody') {
        await sleep(20)
        continue
      }
      const told = { ...ask, isRepeat, startMs, ...got }
      this.told.push(told)
      return told
    }
  }

  #once({ id, route, sender, bytes }: Pick<Told, 'id' | 'route' | 'sender' | 'bytes'>) {
    type Got = Pick<Told, 'end' | 'status' | 'node' | 'code' | 'location'>
    const none: Got = { end: 'none', status: 0, node: '', code: '', location: '' }
    const { promise, resolve } = Promise.withResolvers<Got | 'nobody'>()
    const request = open({
      ...{ host: '127.0.0.1', port: this.#port, agent: this.#agent, method: 'POST', path: `/${route}/${id}` },
      headers: {
        ...{ 'Content-Type': 'text/plain', 'Content-Length': bytes, Accept: 'application/json' },
        ...{ 'Idempotency-Key': `"${id}"`, 'X-Shop': `shop-${sender}` },
      },
      timeout: PATIENCE_MS,
    })
    request.on('timeout', () => request.destroy())
    request.on('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'ECONNREFUSED' ? 'nobody' : none))
    request.on('response', response => {
      const parts: Buffer[] = []
      response.on('data', (part: Buffer) => parts.push(part))
      response.on('error', () => resolve(none))
      response.on('end', () => {
        const { 'x-node': node = '', location = '' } = response.headers
        const code = node === '' ? codeOf(Buffer.concat(parts).toString()) : ''
        resolve({ end: 'answered', status: response.statusCode!, node: String(node), code, location })
      })
    })
    request.end(Buffer.alloc(bytes, 'b'))
    return promise
  }
}

function codeOf(body: string): string {
  try {
    return (JSON.parse(body) as { code?: string }).code ?? ''
  } catch {
    return 'unreadable'
  }
}
