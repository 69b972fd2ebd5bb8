// What an operator may ask of the control plane, and what an order says. Control implements it; admin never reaches further. Who may ask
// is decided in front of it.

import type { OperatorWeight } from '../../policy/upstream/weight-override.ts'
import type { Refusal } from '../../util/refusal.ts'

/** A pool, or one upstream of it; a pool stands for each of its upstreams. */
export interface Where {
  readonly pool: string
  readonly upstream?: string | undefined
}

/** How an order came, and whether it is carried out where the store can't record it. */
export interface Recording {
  /** Undefined = `api`. */
  readonly source?: 'api' | 'cli' | undefined
  /** Carried out all the same, and recorded later. Undefined = no: it is refused then. */
  readonly unrecorded?: boolean | undefined
}

export interface Order extends Recording {
  /** Also in a change freeze; the reason has to say why. Undefined = no. */
  readonly override?: boolean | undefined
  /** One line. */
  readonly reason: string
  /** Name of who asks. */
  readonly by: string
}

export interface TakeOutOrder extends Order {
  /** Also where no upstream of the pool would be left. */
  readonly force: boolean
}

export interface DrainOrder extends TakeOutOrder {
  /** When the rest is closed and the upstream is disabled, epoch ms; undefined = it drains until it is enabled again. */
  readonly deadlineMs: number | undefined
  /** `elapsed`: it was given as a length of time, and moves with a clock that is set. Undefined = as an instant. */
  readonly deadlineBy?: 'elapsed' | undefined
}

export interface WeightOrder extends TakeOutOrder {
  /** Undefined = as configured again. */
  readonly value: OperatorWeight | undefined
}

/** What people found out about a request in doubt. `ignored`: nobody will look into it. */
export type Resolution = 'done' | 'not-done' | 'ignored'

export interface InDoubtOrder extends Recording {
  readonly resolution: Resolution
  /** One line; '' = none. */
  readonly note: string
  readonly by: string
}

/** Carried out. */
export interface Done {
  readonly ok: true
  /** Undefined = the store has it, or there is none. */
  readonly unrecorded?: boolean
}

export type OperationResult = Done | Refusal

/** An order is acknowledged once it is recorded, where there is a store. */
export type Answer = OperationResult | Promise<OperationResult>

export interface ControlOperations {
  /** No new work; its own sessions stay until the deadline. */
  drain(where: Where, order: DrainOrder): Answer
  /** Nothing at all; tunnels are closed, requests in flight end by themselves. */
  disable(where: Where, order: TakeOutOrder): Answer
  /** Lifts what an operator ordered; what others ask for stays. */
  enable(where: Where, order: Recording & { readonly reason: string | undefined; readonly by: string }): Answer
  /** An operator's weight; it survives reloads, and counts until it is taken back. */
  weight(where: Where & { readonly upstream: string }, order: WeightOrder): Answer
  /** Settles what became of a request in doubt; a later word replaces an earlier one. */
  resolveInDoubt(requestId: string, order: InDoubtOrder): Answer
  /** Lets the load of a pool with `failback: manual` return to earlier priorities. */
  failback(pool: string, order: Order): Answer
  /** Orders a new certificate for a name that has its own by ACME, now. */
  renewCertificate(name: string, order: Omit<Order, 'override'>): Answer
}
