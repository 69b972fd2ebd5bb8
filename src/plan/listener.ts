// A listener as compiled: an address that clients connect to.

export interface ListenerPlan {
  readonly name: string
  readonly host: string
  readonly port: number
}

/** Where workers answer /healthz and /readyz themselves. */
export interface HealthListenerPlan {
  readonly host: string
  readonly port: number
}
