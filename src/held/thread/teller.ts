// What is told after a commit, and only after it: receipts and refusals, what to send, what people asked for, events, counts.

import type { ForwardRequest } from '../../shared/held/messages.ts'
import type { HeldEvent, HeldOrderDone } from '../contract.ts'
import type { HeldIndex } from './held-index.ts'
import type { Inputs } from './inputs.ts'
import type { Entry } from './key-queue.ts'
import { Tallies } from './tallies.ts'
import type { Told } from './turn.ts'
import type { HeldUnit } from './unit.ts'
import type { WorkerPort } from './worker-port.ts'

export interface TellerOptions {
  readonly index: HeldIndex
  readonly ports: ReadonlySet<WorkerPort>
  readonly now: () => number
  /** Never jumps, ms. */
  readonly clock: () => number
  readonly tellEvent: (event: HeldEvent) => void
}

const DEFAULT_RESULT_BYTES = 65_536

export class Teller {
  readonly tallies = new Tallies()
  readonly #options: TellerOptions
  readonly #sentAtMs = new Map<number, number>()
  /** Routes that have requests which wait or are being sent. */
  readonly #holding = new Set<string>()

  constructor(options: TellerOptions) {
    this.#options = options
  }

  /** @returns places of those that were to be sent and can't be read: they were not sent */
  all(unit: HeldUnit, told: Told, { outcomes, orders }: Inputs, done: readonly HeldOrderDone[]): number[] {
    const { index, now } = this.#options
    for (const { seq, port } of outcomes) port?.inFlight.delete(seq)
    this.#time(told)
    index.durable()
    const nowMs = now()
    this.#receipts(unit, told, nowMs)
    const unreadable = this.#send(unit, told.picked)
    for (const [number, { resolve }] of orders.entries()) resolve(done[number]!)
    this.#others(unit, told, nowMs)
    this.#tellHolding(nowMs)
    return unreadable
  }

  #time({ sent, picked }: Told): void {
    const clockMs = this.#options.clock()
    for (const { seq, route } of sent) {
      const sentAtMs = this.#sentAtMs.get(seq)
      if (sentAtMs !== undefined) this.#options.index.route(route).took(clockMs - sentAtMs)
      this.#sentAtMs.delete(seq)
    }
    for (const { seq } of picked) this.#sentAtMs.set(seq, clockMs)
  }

  #receipts(unit: HeldUnit, { holds, refused }: Told, nowMs: number): void {
    const { index, ports } = this.#options
    for (const { hold, seq, isRepeat, ahead } of holds) {
      const { number, request } = hold.request
      const route = index.route(request.route)
      const expectedMs = route.expectedMs(isRepeat ? ahead : Math.max(0, route.waiting - 1), nowMs)
      hold.port.receipt(number, { id: unit.ids.of(seq), isRepeat, ahead, expectedMs })
    }
    for (const { hold, why } of refused) hold.port.refuse(hold.request.number, why)
    for (const port of ports) port.tell()
  }

  #send(unit: HeldUnit, picked: readonly Entry[]): number[] {
    const { index, ports } = this.#options
    const unreadable: number[] = []
    const messages = new Map<WorkerPort, ForwardRequest[]>()
    for (const { seq, queue, receivedMs, attempts } of picked) {
      const request = unit.rows.request(seq)
      if (request === undefined) {
        unreadable.push(seq)
        continue
      }
      const port = leastBusy(ports, messages)
      const resultBytes = index.route(queue.route).plan?.result.bodyBytes ?? DEFAULT_RESULT_BYTES
      const forward = { seq, id: unit.ids.of(seq), request, sinceMs: receivedMs, attempt: attempts, resultBytes }
      const message = messages.get(port)
      if (message === undefined) messages.set(port, [forward])
      else message.push(forward)
    }
    for (const [port, requests] of messages) {
      for (const { seq } of requests) port.inFlight.add(seq)
      port.post({ type: 'forward', requests })
    }
    return unreadable
  }

  #others(unit: HeldUnit, { tallies, statuses, events }: Told, atMs: number): void {
    for (const [route, tally] of tallies) this.tallies.add(route, tally)
    for (const [route, status] of statuses) this.tallies.answered(route, status)
    for (const { type, seq } of events) {
      const row = unit.views.row(seq)
      if (row === undefined) continue
      if (type !== 'held.call') this.#options.tellEvent({ type, row, atMs })
      else for (const { url } of unit.views.toCall(seq - 1, 1)) this.#options.tellEvent({ type, row, url, atMs })
    }
  }

  #tellHolding(atMs: number): void {
    for (const { name, waiting, sending } of this.#options.index.routes.values()) {
      const holds = waiting + sending > 0
      if (holds === this.#holding.has(name)) continue
      if (holds) this.#holding.add(name)
      else this.#holding.delete(name)
      this.#options.tellEvent({ type: holds ? 'held.began' : 'held.emptied', route: name, atMs })
    }
  }
}

function leastBusy(ports: ReadonlySet<WorkerPort>, more: ReadonlyMap<WorkerPort, readonly unknown[]>): WorkerPort {
  let least: WorkerPort | undefined
  let fewest = Number.POSITIVE_INFINITY
  for (const port of ports) {
    const busy = port.inFlight.size + (more.get(port)?.length ?? 0)
    if (busy >= fewest) continue
    fewest = busy
    least = port
  }
  return least!
}
