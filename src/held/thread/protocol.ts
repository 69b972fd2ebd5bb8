// What control's side of the held requests and their thread tell each other.

import type { MessagePort } from 'node:worker_threads'
import type { HoldPlan } from '../../plan/hold.ts'
import type { Gate, HeldCounts, HeldEvent, HeldHealth, HeldOrder, HeldQuery } from '../contract.ts'
import type { HeldErrorCode } from '../held-error.ts'

export interface ThreadStart {
  readonly path: string
  readonly keyFiles: readonly string[]
  readonly table: SharedArrayBuffer
}

export type HeldQuestion =
  | { readonly type: 'order'; readonly order: HeldOrder }
  | { readonly type: 'list'; readonly query: HeldQuery }
  | { readonly type: 'show'; readonly heldId: string; readonly withBody: boolean }

export type ToThread =
  | { readonly type: 'connect'; readonly port: MessagePort }
  | { readonly type: 'configure'; readonly routes: ReadonlyMap<string, HoldPlan> }
  | { readonly type: 'gate'; readonly gates: ReadonlyMap<string, Gate> }
  | { readonly type: 'called'; readonly heldId: string }
  | { readonly type: 'ask'; readonly number: number; readonly question: HeldQuestion }
  | { readonly type: 'close' }

export type FromThread =
  | { readonly type: 'answer'; readonly number: number; readonly answer: unknown }
  | { readonly type: 'no-answer'; readonly number: number; readonly code: HeldErrorCode; readonly text: string }
  | { readonly type: 'counts'; readonly counts: HeldCounts }
  | { readonly type: 'event'; readonly event: HeldEvent }
  | { readonly type: 'health'; readonly health: HeldHealth }
  | { readonly type: 'notice'; readonly level: 'error' | 'warn'; readonly text: string }
  | { readonly type: 'closed' }
