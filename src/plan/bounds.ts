// What is bounded for clients and exchanges, as compiled: times, sizes, counts, rates.

/** All in milliseconds; 0 = no limit. */
export interface Timeouts {
  /** From a request's first byte to the end of its head. No per-route value: no route is known yet. */
  readonly headMs: number
  /** To establish a connection to an upstream (TCP and TLS). */
  readonly connectMs: number
  /** From the end of the sent request to the first byte of the response head. */
  readonly responseMs: number
  /** Between two movements of body bytes, in either direction; also of an upgraded connection once one side has finished sending, or takes nothing. */
  readonly idleMs: number
  /** Between two movements of bytes in an upgraded connection. */
  readonly tunnelMs: number
  /** How long a client's connection may stay idle between two requests. */
  readonly keepAliveMs: number
  /** How long a client that closed its sending side still gets its answer, before it counts as gone. */
  readonly halfClosedMs: number
}

export interface Limits {
  /** Largest head (start line and header fields), bytes, of requests and of responses. */
  readonly headBytes: number
  /** Most header fields in a head. */
  readonly headerCount: number
  /** Longest request target, bytes. */
  readonly targetBytes: number
  /** Largest request body, bytes; a route may override it. */
  readonly bodyBytes: number
  /** Most connections from clients at once, per listener and worker; as many again wait unread, more are closed. Never more than descriptors last for; undefined = nothing else is said. */
  readonly connections: number | undefined
  /** Most connections of one client address (one /64 of IPv6) at once, over all listeners and workers; undefined = no limit. */
  readonly connectionsPerClient?: number | undefined
  /** Of the whole process, bytes: beyond it workers are drained and replaced. Undefined = 80% of what the container or machine has. */
  readonly memoryBytes?: number | undefined
  /** Most answers that a worker compresses as they come at once; further ones are passed on as they are. */
  readonly compressions: number
  /** Slower clients are cut off; undefined = only `Timeouts.idleMs` counts. */
  readonly minRate?: MinRatePlan | undefined
}

/** Least mean rate of a body that vigia waits for (request), or that it waits to get rid of (response). */
export interface MinRatePlan {
  readonly bytesPerSecond: number
  /** Not judged before so much time was spent waiting for the client, ms. */
  readonly graceMs: number
}

/** What happens to a thread that stands still. */
export interface WatchdogPlan {
  /** After this time a worker is replaced, ms; 0 = never. */
  readonly workerMs: number
  /** After this time without the control plane the workers end the process, ms; 0 = never. */
  readonly controlMs: number
}
