// What an operator may ask of the control plane. Control implements it; admin never reaches further. Who may ask is decided in
// front of it.

/** A pool, or one upstream of it; a pool stands for each of its upstreams. */
export interface Where {
  readonly pool: string
  readonly upstream?: string | undefined
}

export interface Order {
  /** One line. */
  readonly reason: string
  /** Name of who asks. */
  readonly by: string
}

export interface TakeOutOrder extends Order {
  /** Also where nothing of the pool is left then. */
  readonly force: boolean
}

export interface DrainOrder extends TakeOutOrder {
  /** When the rest is closed and the upstream is disabled, epoch ms; undefined = it drains until it is enabled again. */
  readonly deadlineMs: number | undefined
}

/** `unknown`: there is no such pool or upstream. `conflict`: it can't be done as things are. The detail is one line. */
export type OperationResult =
  | { readonly ok: true }
  | { readonly ok: false; readonly refused: 'unknown' | 'conflict'; readonly detail: string }

export interface ControlOperations {
  /** No new work; its own sessions stay until the deadline. */
  drain(where: Where, order: DrainOrder): OperationResult
  /** Nothing at all; tunnels are closed, requests in flight end by themselves. */
  disable(where: Where, order: TakeOutOrder): OperationResult
  /** Lifts what an operator ordered; what others ask for stays. */
  enable(where: Where, order: { readonly reason: string | undefined; readonly by: string }): OperationResult
  /** Lets the load of a pool with `failback: manual` return to earlier priorities. */
  failback(pool: string, order: Order): OperationResult
}
