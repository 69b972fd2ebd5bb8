// What the admin listener says where somebody asks why: of an upstream, or of a request by its id. Control implements it. No secrets: of
// what probes send, fields that could be credentials have no value; of what came back, the first characters of a failing answer.

import type { RequestStory } from '../../shared/explain/request-story.ts'
import type { RouteExplanation, RouteQuestion } from '../../shared/explain/route-explanation.ts'
import type { ControlEvent } from './events.ts'
import type { Found } from './history.ts'
import type { InDoubtEntry } from './in-doubt.ts'
import type { WindowNow } from './maintenance.ts'
import type { AccessLogReport } from './status.ts'
import type { ProbeReport, UpstreamReport } from './upstreams.ts'

export interface Explanations {
  upstream(pool: string, upstream: string): Found<UpstreamExplanation>
  request(requestId: string): Promise<RequestExplanation>
  /** What would happen to this request, by the configuration, the windows and the upstreams of now. */
  route(question: Omit<RouteQuestion, 'kind'>): Promise<Found<RouteExplanation>>
}

export interface UpstreamExplanation {
  readonly pool: string
  readonly upstream: UpstreamReport
  /** The others of its pool that get new work now. */
  readonly othersAvailable: number
  /** Undefined = it is not probed. */
  readonly probing: ProbingReport | undefined
  /** Newest first, at most 10. */
  readonly probes: readonly ProbeAnswerReport[]
  /** By passive health, for what requests met; null = it is in no trouble with it. */
  readonly ejection: EjectionReport | null
  /** It is back, and does not get all of its weight yet; null = it does. */
  readonly slowStart: { readonly since: string; readonly sharePercent: number } | null
  /** Windows that hold it now. */
  readonly windows: readonly WindowNow[]
  /** What happened to it of late, newest first, at most 10. */
  readonly events: readonly ControlEvent[]
}

/** What a probe asks, how often, and what it wants to hear. */
export interface ProbingReport {
  readonly kind: 'http' | 'tcp'
  /** Of an HTTP probe: `GET https://10.0.0.5:8069/web/health`; else the address. */
  readonly asks: string
  /** `name: value`, `***` where the value may be a credential. */
  readonly fields: readonly string[]
  /** Of its body; what is in it may be a login. */
  readonly bodyBytes: number
  /** What counts as well, e.g. `status 200-399`. */
  readonly expects: readonly string[]
  readonly intervalMs: number
  readonly timeoutMs: number
  /** Good ones in a row that bring it back, bad ones that take it out. */
  readonly rise: number
  readonly fall: number
}

export interface ProbeAnswerReport extends ProbeReport {
  /** What came back, in a line; null = nothing did, or it was not HTTP that was asked. */
  readonly answer: string | null
  /** It failed by trouble of vigia itself, and counts for nothing. */
  readonly isVoid: boolean
}

export interface EjectionReport {
  readonly status: 'ejected' | 'probation'
  readonly since: string
  /** When it is tried again; null = it is on trial. */
  readonly until: string | null
  readonly reason: string
  /** Of late: each makes the next one longer. */
  readonly times: number
}

export interface RequestExplanation {
  readonly requestId: string
  /** Newest first; several where clients gave one id twice. Of a plain request there is none. */
  readonly stories: readonly RequestStory[]
  readonly inDoubt: readonly InDoubtEntry[]
  /** Workers that did not answer in time: what they know is not here. */
  readonly silentWorkers: readonly number[]
  /** Where a plain one can be found. */
  readonly accessLog: AccessLogReport
}
