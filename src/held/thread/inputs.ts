// What has come up since the last transaction.

import type { HeldOrder, HeldOrderDone } from '../contract.ts'
import type { HeldError } from '../held-error.ts'
import type { Hold, Outcome, Turn } from './turn.ts'

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
