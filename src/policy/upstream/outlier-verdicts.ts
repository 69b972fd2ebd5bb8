// What an upstream's totals say against it: gateway errors, too many 5xx, too slow beside the others. All of it only where
// it is configured: a 500 of one bad report, or a node that happens to compute the reports, is no fault by itself.

import type { OutlierPlan } from '../../plan/pool.ts'

/** Totals of one upstream over all workers; they only go up. */
export interface UpstreamTotals {
  /**
   * Complete answers of the upstream itself, whatever their status, those that were retried elsewhere included; none of
   * vigia's own, none of long polls. An answer that was cut is a transport failure, not one of these.
   */
  readonly responses: number
  /** Those of 500 to 599. */
  readonly serverErrors: number
  /** Those of 502, 503 and 504. */
  readonly gatewayErrors: number
  /** Sum of their times to the first byte, ms. */
  readonly firstByteMs: number
}

interface Judged {
  readonly state: {
    readonly status: 'admitted' | 'ejected' | 'probation'
    readonly windowStart: UpstreamTotals
  }
}

/** What came between two readings. */
export function since(before: UpstreamTotals, now: UpstreamTotals): UpstreamTotals {
  return {
    responses: now.responses - before.responses,
    serverErrors: now.serverErrors - before.serverErrors,
    gatewayErrors: now.gatewayErrors - before.gatewayErrors,
    firstByteMs: now.firstByteMs - before.firstByteMs,
  }
}

/**
 * Gateway errors in a row. The order within one reading is not known: any other answer in it ends the row, so this errs
 * by at most one reading, in the upstream's favour.
 */
export function gatewayStreak(
  state: { readonly seen: UpstreamTotals; readonly gatewayErrors: number },
  now: UpstreamTotals,
): number {
  const { responses, gatewayErrors } = since(state.seen, now)
  return gatewayErrors === responses ? state.gatewayErrors + gatewayErrors : 0
}

/** What speaks against an admitted upstream within its window; undefined = nothing, or too little to say. */
export function judgeWindow(
  members: readonly Judged[],
  index: number,
  totals: readonly UpstreamTotals[],
  plan: OutlierPlan,
): string | undefined {
  const own = since(members[index]!.state.windowStart, totals[index]!)
  const { serverErrors, latency } = plan
  if (serverErrors !== undefined && own.responses >= serverErrors.minRequests) {
    const verdict = judgeErrors(own, serverErrors.share)
    if (verdict !== undefined) return verdict
  }
  if (latency === undefined || own.responses < latency.minRequests) return undefined
  return judgeLatency(own, peerMeans(members, index, totals, latency.minRequests), latency)
}

/** What speaks against an upstream on probation. Shares are judged once the trial has all of its requests. */
export function judgeTrial(
  members: readonly Judged[],
  index: number,
  totals: readonly UpstreamTotals[],
  plan: OutlierPlan,
): string | undefined {
  const own = since(members[index]!.state.windowStart, totals[index]!)
  if (plan.consecutiveGatewayErrors > 0 && own.gatewayErrors > 0) return 'a gateway error'
  if (own.responses === 0 || own.responses < plan.probation.successes) return undefined
  const { serverErrors, latency } = plan
  const verdict = serverErrors === undefined ? undefined : judgeErrors(own, serverErrors.share)
  if (verdict !== undefined || latency === undefined) return verdict
  return judgeLatency(own, peerMeans(members, index, totals, latency.minRequests), latency)
}

function judgeErrors({ responses, serverErrors }: UpstreamTotals, share: number): string | undefined {
  if (serverErrors === 0 || serverErrors < share * responses) return undefined
  return `${serverErrors} of ${responses} answers were 5xx`
}

function judgeLatency(
  own: UpstreamTotals,
  peers: readonly number[],
  { factor, aboveMs }: NonNullable<OutlierPlan['latency']>,
): string | undefined {
  const usual = median(peers)
  const mean = own.firstByteMs / own.responses
  if (usual === undefined || mean <= aboveMs || mean <= factor * usual) return undefined
  return `first byte after ${Math.round(mean)} ms on average, ${Math.round(usual)} ms elsewhere in the pool`
}

/** Mean times to the first byte of the other admitted upstreams that have had enough requests to say. */
function peerMeans(
  members: readonly Judged[],
  index: number,
  totals: readonly UpstreamTotals[],
  minRequests: number,
): number[] {
  const means: number[] = []
  for (const [i, { state }] of members.entries()) {
    if (i === index || state.status !== 'admitted') continue
    const { responses, firstByteMs } = since(state.windowStart, totals[i]!)
    if (responses > 0 && responses >= minRequests) means.push(firstByteMs / responses)
  }
  return means
}

function median(values: readonly number[]): number | undefined {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle]
  return sorted.length % 2 === 1 || upper === undefined ? upper : (sorted[middle - 1]! + upper) / 2
}
