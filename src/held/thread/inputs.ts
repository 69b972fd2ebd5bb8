// What has come up since the last transaction.

import type { ForwardOutcome, HoldRequest } from '../../shared/held/messages.ts'
import type { HeldOrder, HeldOrderDone } from '../contract.ts'
import type { HeldError } from '../held-error.ts'
import type { Hold, Outcome, Turn } from './turn.ts'
import type { WorkerPort } from './worker-port.ts'

export interface Order {
  readonly order: HeldOrder
  readonly resolve: (done: HeldOrderDone) => void
  readonly reject: (error: HeldError) => void
}

export interface Inputs {
  readonly holds: readonly Hold[]
  readonly outcomes: readonly Outcome[]
  readonly orders: readonly Order[]
  /** Places of those whose senders were called. */
  readonly called: readonly number[]
}

/** What a commit left open: nobody is told anything of it before it is known whether it is in the file. */
export interface Doubtful {
  readonly batch: number
  readonly turn: Turn
  readonly inputs: Inputs
  readonly done: readonly HeldOrderDone[]
}

export class Inbox {
  holds: Hold[] = []
  outcomes: Outcome[] = []
  orders: Order[] = []
  called: number[] = []

  get isEmpty(): boolean {
    return this.holds.length + this.outcomes.length + this.orders.length + this.called.length === 0
  }

  hold(port: WorkerPort, requests: readonly HoldRequest[]): void {
    for (const request of requests) this.holds.push({ port, request })
  }

  outcome(port: WorkerPort, outcomes: readonly { readonly seq: number; readonly outcome: ForwardOutcome }[]): void {
    for (const { seq, outcome } of outcomes) this.outcomes.push({ seq, port, outcome })
  }

  order(order: HeldOrder): Promise<HeldOrderDone> {
    return new Promise((resolve, reject) => this.orders.push({ order, resolve, reject }))
  }

  /** Its worker has gone: nobody waits for a receipt, and nobody says any more what became of what it was sending. */
  forget(port: WorkerPort): void {
    for (const seq of port.inFlight)
      this.outcomes.push({ seq, port, outcome: { type: 'lost', what: 'its worker ended' } })
    this.holds = this.holds.filter(hold => hold.port !== port)
  }

  /** Those for which somebody waits, and who can be told that nothing was done. */
  takeWaiting(): Pick<Inputs, 'holds' | 'orders'> {
    const { holds, orders } = this
    this.holds = []
    this.orders = []
    return { holds, orders }
  }

  take(): Inputs {
    const { holds, outcomes, orders, called } = this
    this.holds = []
    this.outcomes = []
    this.orders = []
    this.called = []
    return { holds, outcomes, orders, called }
  }

  /** Before all that has come since. */
  putBack({ holds, outcomes, orders, called }: Inputs): void {
    this.holds = [...holds, ...this.holds]
    this.outcomes = [...outcomes, ...this.outcomes]
    this.orders = [...orders, ...this.orders]
    this.called = [...called, ...this.called]
  }
}
