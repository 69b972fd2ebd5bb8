// What is told of held requests on the bus. Types only.

import type { HeldOrder, HeldOrderDone, HeldRow } from '../../held/contract.ts'
import type { EndedStretch } from './stretches.ts'

/** Something about held requests; when, says who tells it. */
export type HoldingNews =
  /** The first of a route is held. */
  | { readonly phase: 'began'; readonly route: string; readonly why: string }
  /** None of a route waits any more. */
  | ({ readonly phase: 'emptied' } & EndedStretch)
  | { readonly phase: 'dead' | 'in-doubt'; readonly row: HeldRow }
  /** Too many to tell one by one. */
  | { readonly phase: 'more'; readonly route: string; readonly dead: number; readonly inDoubt: number }
  /** Somebody's order was carried out, as far as that could be. */
  | {
      readonly phase: 'ordered'
      readonly order: HeldOrder
      readonly by: string
      readonly reason: string
      readonly done: HeldOrderDone
    }
  /** Nothing new is held for now; or that is over. */
  | { readonly phase: 'degraded'; readonly reason: string }
  | { readonly phase: 'healed' }
  /** The sender was not told, and is not any more. @see `host` of its callback */
  | {
      readonly phase: 'not-called'
      readonly row: HeldRow
      readonly host: string
      readonly tries: number
      readonly why: string
    }

export type HoldingEvent = { readonly type: 'held'; readonly atMs: number } & HoldingNews
