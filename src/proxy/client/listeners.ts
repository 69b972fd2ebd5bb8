// The listening sockets of this worker, from one snapshot to the next: those that a snapshot wants, and those that have left it and go on to
// the end of what they have.

import { isDeepStrictEqual } from 'node:util'
import type { ListenerPlan } from '../../plan/listener.ts'
import type { Snapshot } from '../../plan/snapshot.ts'
import { socketFor } from '../../policy/process/inherited-sockets.ts'
import type { WorkerStart } from '../../shared/messages.ts'
import type { TlsMaterial } from '../../shared/tls-material.ts'
import type { ClientEvents } from '../exchange/client-events.ts'
import type { ExchangeContext } from '../exchange/context.ts'
import { whileTrue } from '../runtime/while-true.ts'
import { addressKey, bindNamed } from './binding.ts'
import { Listener } from './listener.ts'
import { ownDescriptors, type SocketHandle } from './own-descriptors.ts'
import type { ChallengeContexts } from './tls/challenge-contexts.ts'

export class Listeners {
  readonly #context: ExchangeContext
  readonly #start: Pick<WorkerStart, 'workers' | 'sockets'>
  /** By address: one that only has another name goes on undisturbed. */
  readonly #current = new Map<string, Listener>()
  /** Left the configuration; what they have goes on to its end. */
  readonly #left = new Set<Listener>()

  #material: TlsMaterial | undefined
  #challenges: ChallengeContexts | undefined = undefined

  constructor(context: ExchangeContext, start: Pick<WorkerStart, 'workers' | 'sockets' | 'tls'>) {
    this.#context = context
    this.#start = start
    this.#material = start.tls
  }

  /** Listens on every address. @returns those that are wanted no more: for `leave` @throws the system's error, with the address in its words */
  async bind(plans: readonly ListenerPlan[]): Promise<readonly Listener[]> {
    for (const listener of this.#left) if (listener.size === 0) this.#left.delete(listener)
    const wanted = new Map(plans.map(plan => [addressKey(plan), plan]))
    const leaving = new Map([...this.#current].filter(([key]) => !wanted.has(key)))
    const added = [...wanted].filter(([key]) => !this.#current.has(key))
    const sockets = await this.#socketsFor(added.map(([, plan]) => plan))
    try {
      for (const [key, plan] of added) await this.#add(key, plan, sockets, leaving)
    } finally {
      // Left over where an address could not be bound.
      for (const handle of sockets.values()) handle.close()
    }
    return [...leaving.values()]
  }

  async #add(
    key: string,
    plan: ListenerPlan,
    sockets: Map<ListenerPlan, SocketHandle>,
    leaving: ReadonlyMap<string, Listener>,
  ): Promise<void> {
    const listener = new Listener(plan, this.#context)
    listener.serve(this.#material)
    listener.handshakes.challenges = this.#challenges
    const on = sockets.get(plan) ?? { reusePort: this.#start.workers > 1 }
    sockets.delete(plan)
    try {
      await bindNamed(listener, on)
    } catch (error) {
      // The same port of all addresses instead of one, or the other way round: our own socket is in the way.
      const own = [...leaving.values()].filter(each => each.plan.port === plan.port)
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE' || own.length === 0) throw error
      this.leave(own)
      await bindNamed(listener, on)
    }
    this.#current.set(key, listener)
  }

  /** For those whose address this process was started with. */
  async #socketsFor(plans: readonly ListenerPlan[]): Promise<Map<ListenerPlan, SocketHandle>> {
    const { sockets = [] } = this.#start
    const pairs = plans.flatMap(plan => {
      const socket = socketFor(plan, sockets)
      return socket === undefined ? [] : [{ plan, fd: socket.fd }]
    })
    const handles = await ownDescriptors(pairs.map(({ fd }) => fd))
    return new Map(pairs.map(({ plan }, index) => [plan, handles[index]!]))
  }

  /** Takes over what is different in those that stay. */
  adopt({ listeners, trustedProxies }: Snapshot, before: Snapshot | undefined): void {
    const trustsOthers = !isDeepStrictEqual(before?.trustedProxies, trustedProxies)
    for (const plan of listeners) this.#current.get(addressKey(plan))?.adopt(plan, trustsOthers)
  }

  /** With these certificates and ticket keys from now on; no connection ends for it. */
  serve(material: TlsMaterial): void {
    this.#material = material
    for (const listener of this.#all()) listener.serve(material)
  }

  /** What a CA sees that looks at our names; undefined = none does. */
  show(challenges: ChallengeContexts | undefined): void {
    this.#challenges = challenges
    for (const listener of this.#all()) listener.handshakes.challenges = challenges
  }

  leave(listeners: readonly Listener[]): void {
    for (const listener of listeners) {
      listener.stop()
      this.#current.delete(addressKey(listener.plan))
      this.#left.add(listener)
    }
  }

  /** Looks at the connections that nobody reads. */
  feel(): void {
    for (const listener of this.#all()) listener.feel()
  }

  /** What is under way. */
  *exchanges(): Iterable<ClientEvents> {
    for (const listener of this.#all()) yield* listener.exchanges()
  }

  get isEmpty(): boolean {
    return [...this.#all()].every(({ size }) => size === 0)
  }

  /** Takes no more connections, ends the idle ones. */
  stop(): void {
    for (const listener of this.#all()) listener.stop()
  }

  /** Answers what has no answer, and ends all connections once clients have read that. @returns how many had something under way */
  async endAll(readMs: number): Promise<number> {
    let cut = 0
    for (const listener of this.#all()) cut += listener.endAll()
    await whileTrue(() => !this.isEmpty, readMs)
    for (const listener of this.#all()) listener.destroy()
    return cut
  }

  *#all(): Iterable<Listener> {
    yield* this.#current.values()
    yield* this.#left
  }
}
