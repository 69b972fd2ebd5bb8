// Which requests of a route are ones to be held, and why one is: by its head, and by what vigia would answer it. Whether it provably was not
// carried out, its caller knows.

import { type BodyLength, CHUNKED } from '../../http/body.ts'
import type { HoldPlan, HoldReason } from '../../plan/hold.ts'
import type { Application } from '../../plan/pool.ts'

export interface HoldCandidate {
  readonly method: string
  /** Normalised. */
  readonly path: string
  readonly length: BodyLength
  readonly contentType: string | undefined
  /** It has a field SOAPAction. */
  readonly hasSoapAction: boolean
  /** What its upstreams run; undefined = nothing that vigia knows. */
  readonly application: Application | undefined
  /** It belongs to its connection: it logs that in, or switches protocols. */
  readonly isOfConnection: boolean
}

/** By its head alone: whether it is held where there is a reason. */
export function isHoldable(plan: HoldPlan, request: HoldCandidate): boolean {
  const { length } = request
  if (!plan.methods.includes(request.method) || request.isOfConnection) return false
  if (length !== CHUNKED && length > plan.bodyBytes) return false
  return plan.rpc || !isRpc(request)
}

/** SOAP 1.1, 1.2 (its action is a parameter of the type), and with attachments. */
const RPC_TYPE = /^(?:text\/xml|application\/soap\+xml|multipart\/related\b.*(?:xop\+xml|soap\+xml|text\/xml))/i

/** XML-RPC or SOAP: clients of these take a 202 for an error, or JSON for a broken answer, and what was empty for a result. */
export function isRpc({ contentType, hasSoapAction, path, application }: HoldCandidate): boolean {
  if (hasSoapAction || (contentType !== undefined && RPC_TYPE.test(contentType))) return true
  // Tryton's own clients call by any path.
  return application === 'tryton' || (application === 'odoo' && /^\/(?:xmlrpc|jsonrpc)(?:\/|$)/.test(path))
}

/** Why what vigia would answer is a reason to hold; undefined = it is none. @param code of that answer; a doubt has another */
export function reasonFor(plan: HoldPlan, code: string, isPaused: boolean): HoldReason | undefined {
  if (isPaused && code === 'maintenance') return plan.paused === 'hold' ? 'paused' : undefined
  const reason = REASONS.get(code)
  return reason !== undefined && plan.during.includes(reason) ? reason : undefined
}

/** Those of which nothing has been carried out: no connection was there, or no upstream. */
const REASONS: ReadonlyMap<string, HoldPlan['during'][number]> = new Map([
  ['maintenance', 'window'],
  ['no-upstream-available', 'outage'],
  ['connect-failed', 'outage'],
  ['connect-timeout', 'outage'],
  ['queue-full', 'queue-full'],
  ['queue-timeout', 'queue-full'],
  ['overloaded', 'queue-full'],
])
