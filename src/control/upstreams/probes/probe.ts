// What a probe is asked and what it answers, and the words for what went wrong with it.

import type { HealthPlan } from '../../../plan/health.ts'
import type { UpstreamPlan } from '../../../plan/pool.ts'
import { isOwnTrouble, stoodStill } from '../../../policy/process/own-trouble.ts'
import type { AgentHints } from '../../../policy/upstream/agent-hints.ts'
import type { ProxyVersion } from '../../../proxy-protocol/write.ts'
import type { ConnectTarget } from '../../../shared/upstream-addresses.ts'

export interface ProbeResult {
  readonly ok: boolean
  readonly durationMs: number
  /** Status of the answer, where there was one. */
  readonly status: number | undefined
  /** It failed by trouble of vigia itself, and says nothing of the upstream. */
  readonly isVoid?: boolean | undefined
  /** Why it failed: one line; undefined where it is ok. */
  readonly error: string | undefined
  /** What the node says of itself, where it is ok and that is asked for; undefined = nothing. */
  readonly hints?: AgentHints | undefined
  /** What came back, in a line, as it was sent: it may hold secrets. Undefined = nothing did. */
  readonly answer?: string | undefined
}

/** Whom a probe asks. */
export interface ProbedPlace {
  readonly upstream: UpstreamPlan
  readonly target: ConnectTarget
  /** What the connection begins with; undefined = nothing. */
  readonly proxyProtocol?: ProxyVersion | undefined
}

/** Asks one upstream once. Never rejects. Ends early, as failed, when `signal` is aborted. */
export type RunProbe<P extends HealthPlan = HealthPlan> = (
  plan: P,
  place: ProbedPlace,
  signal: AbortSignal,
) => Promise<ProbeResult>

/** Whether a failed probe says nothing of the upstream. @param tookMs since its start */
export function isVoidProbe(error: unknown, timeoutMs: number, tookMs: number): boolean {
  if (isOwnTrouble(error)) return true
  return error instanceof Error && error.name === 'TimeoutError' && stoodStill(timeoutMs, tookMs)
}

/** Translates a socket's, TLS's or HTTP parser's error into words for an operator. */
export function describeProbeError(error: unknown, timeoutMs: number): string {
  if (!(error instanceof Error)) return String(error)
  if (error.name === 'TimeoutError') return `no complete answer within ${timeoutMs} ms`
  const { code } = error as NodeJS.ErrnoException
  switch (code) {
    case 'ECONNREFUSED':
      return 'connection refused'
    case 'ECONNRESET':
    case 'EPIPE':
      return 'connection closed before the answer was complete'
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return 'no route to it'
    case 'ETIMEDOUT':
      return 'no connection within the timeout'
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'its name can not be resolved'
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
      return `its certificate is signed by an authority that is not trusted (${code})`
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return 'its certificate is not for this server name'
    case 'CERT_HAS_EXPIRED':
      return 'its certificate has expired'
    default:
      return oneLine(String(code).startsWith('HPE_') ? `not valid HTTP (${error.message})` : error.message)
  }
}

/** @param text of others */
export function oneLine(text: string, most = 200): string {
  return text
    .replace(/\s+/g, ' ')
    .replace(/[\u0000-\u001f\u007f-\u009f]/g, '?')
    .slice(0, most)
}
