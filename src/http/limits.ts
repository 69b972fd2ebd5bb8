// Bounds of a message head. Whoever parses passes them in.

export interface HeadLimits {
  /** Bytes of the start line and all fields. */
  readonly headBytes: number
  readonly headerCount: number
  /** Bytes of a request target. */
  readonly targetBytes: number
}
