// Bounds of a message head. Whoever parses passes them in.

/** Of a response, or of what a request has in common with one. */
export interface HeadLimits {
  /** Bytes of the start line and all fields. */
  readonly headBytes: number
  readonly headerCount: number
}

export function isSameLimits(a: HeadLimits, b: HeadLimits): boolean {
  return a.headBytes === b.headBytes && a.headerCount === b.headerCount
}

export interface RequestLimits extends HeadLimits {
  /** Bytes of a request target. */
  readonly targetBytes: number
}
