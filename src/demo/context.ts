// What every route of a sample node gets to see.

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { LiveClients } from './live.ts'
import type { NodeStart, Parent } from './messages.ts'

export interface Context {
  readonly node: NodeStart
  readonly parent: Parent
  readonly live: LiveClients
  /** Whether /health passes; changed by people who want to see what happens. */
  readonly health: { passing: boolean }
  readonly setHealth: (passing: boolean) => void
}

export interface Exchange extends Context {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly url: URL
  /** The groups of the route's path pattern. */
  readonly params: readonly string[]
}

export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  readonly path: RegExp
  readonly handle: (exchange: Exchange) => Promise<void> | void
}
