// What the parent process (database, fleet) and a node process tell each other over IPC. Types, and how often a node gives a sign.

import type { Database, Order } from './database.ts'

/** How often a node says that it is not frozen, ms. */
export const SIGN_MS = 500

export interface NodeState {
  readonly name: string
  readonly url: string
  /** Undefined while the process is down. */
  readonly pid: number | undefined
  /** `frozen`: its process is there, and does nothing. */
  readonly state: 'running' | 'failing' | 'frozen' | 'down'
}

/** What a node may ask about, and do to, the nodes. */
export interface FleetControl {
  nodes(): Promise<readonly NodeState[]>
  /** Makes /health of a node fail or pass; false = there is no such node, or it is down. */
  setHealth(node: string, passing: boolean): Promise<boolean>
  /** Ends a node's process at once (SIGKILL); false = there is no such node, or it is down. */
  crash(node: string): Promise<boolean>
}

/** All that lives in the parent. */
export type Parent = Database & FleetControl

export interface Call {
  readonly type: 'call'
  readonly id: number
  readonly method: keyof Parent
  readonly args: readonly unknown[]
}

export type ToParent =
  | Call
  | { readonly type: 'listening' }
  /** Every SIGN_MS. */
  | { readonly type: 'alive' }
  | { readonly type: 'cannot-listen'; readonly reason: string }
  | { readonly type: 'health'; readonly passing: boolean }

export type ToNode =
  | { readonly type: 'answer'; readonly id: number; readonly value: unknown }
  | { readonly type: 'refusal'; readonly id: number; readonly error: string }
  | { readonly type: 'set-health'; readonly passing: boolean }
  | { readonly type: 'order'; readonly order: Order }

/** What a node process is started with, as JSON in its one argument. */
export interface NodeStart {
  readonly name: string
  readonly host: string
  readonly port: number
  /** Uploaded files, shared by all nodes like an ERP's filestore. */
  readonly filesDirectory: string
}
