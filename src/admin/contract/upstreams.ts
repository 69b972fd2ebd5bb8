// What the admin listener shows of an upstream: its state and why, what holds it back, its probes, what it has answered.

export type UpstreamState = 'unknown' | 'available' | 'draining' | 'out' | 'disabled'

/** Of the last ten seconds; long polls are left out. */
export interface RecentReport {
  /** Answers per second. */
  readonly rate: number
  /** Half of the answers had begun by then (time to the first byte), ms; null = there was none. */
  readonly p50Ms: number | null
  /** 99 of 100 had, ms. */
  readonly p99Ms: number | null
}

export interface UpstreamReport extends RecentReport {
  readonly name: string
  /** scheme://host:port */
  readonly url: string
  /** What its host stands for; null = it is an address. */
  readonly resolved: ResolvedReport | null
  readonly state: UpstreamState
  /** Why it is in this state: one line. */
  readonly why: string
  /** When it came into this state, ISO 8601. */
  readonly since: string
  /** As configured. */
  readonly weight: number
  /** What it gets now: less while it is on trial, starts slowly or asks for less; another one where an operator says so. */
  readonly effectiveWeight: number
  /** An operator's weight; null = none. */
  readonly weightOverride: WeightReport | null
  readonly priority: number
  /** What operators, and the node itself, ask for; the strictest counts. */
  readonly holds: readonly HoldReport[]
  /** Null = it is not being drained. */
  readonly drain: DrainReport | null
  readonly lastProbe: ProbeReport | null
  /** Newest failure that traffic met below HTTP. */
  readonly lastFailure: { readonly at: string; readonly error: string } | null
  readonly probes: { readonly ok: number; readonly failed: number }
  readonly inFlight: number
  /** Most requests that it gets at once now; null = no limit. */
  readonly limit: number | null
  /** Requests that count against the limit. */
  readonly places: number
  /** Requests of long-poll routes; not in `inFlight`. */
  readonly longPolls: number
  readonly connections: number
  /** Until when no idle connection is kept, because they kept new ones waiting, ISO 8601; null = idle ones are kept. */
  readonly idleLimitedUntil: string | null
  /** By what it was found to hold a worker for each connection (its Server field, ends of connections, idle ones in the way); null = it was not. */
  readonly holdsWorkers: 'server' | 'endings' | 'starved' | null
  readonly tunnels: number
  /** What clients got; vigia's own 502 and 504 after a failure of this upstream included. */
  readonly responses: StatusClasses
  /** Attempts that failed, each once: its own answers 5xx, and all of `failures`. */
  readonly errors: number
  readonly failures: { readonly connect: number; readonly transport: number; readonly timeout: number }
  readonly retries: number
  readonly inDoubt: number
  readonly clientAborts: number
  readonly connectionsOpened: number
  readonly connectionsReused: number
  readonly bytesIn: number
  readonly bytesOut: number
}

/** How the host name of an upstream is resolved. */
export interface ResolvedReport {
  /** In use now. */
  readonly addresses: readonly string[]
  /** Why the newest answer brought none, and since when, ISO 8601: then `addresses` are the last that are known. Null = it did. */
  readonly problem: { readonly why: string; readonly since: string } | null
}

export interface ProbeReport {
  /** ISO 8601. */
  readonly at: string
  readonly ok: boolean
  readonly status: number | null
  readonly error: string | null
  readonly durationMs: number
}

export interface WeightReport {
  /** What it stands for: the number, or the percentage of the configured weight. */
  readonly weight: number
  /** Null = the number itself was asked for. */
  readonly percent: number | null
  readonly reason: string
  readonly by: string
  /** ISO 8601. */
  readonly since: string
}

export interface HoldReport {
  readonly source: 'operator' | 'agent' | 'window'
  readonly status: 'draining' | 'disabled'
  readonly reason: string
  readonly by: string
  /** ISO 8601. */
  readonly since: string
  /** When the drain ends, or ended, ISO 8601. */
  readonly deadline: string | null
  /** False = the store does not have it yet: a restart would forget it. Absent = it has, or there is none. */
  readonly recorded?: false
}

/** A drain that goes on, or has come to its deadline. */
export interface DrainReport {
  /** ISO 8601. */
  readonly since: string
  readonly by: string
  readonly reason: string
  /** ISO 8601; null = it lasts until the upstream is enabled again. */
  readonly deadline: string | null
  readonly remaining: {
    readonly inFlight: number
    readonly longPolls: number
    readonly tunnels: number
    /** Sessions with affinity seen in the last minutes: an estimate. */
    readonly sessions: number
  }
  /** Since when nothing is left, or when that will probably be, ISO 8601; null = what is left does not fall. */
  readonly freeAt: string | null
}

export interface StatusClasses {
  readonly '1xx': number
  readonly '2xx': number
  readonly '3xx': number
  readonly '4xx': number
  readonly '5xx': number
}
