// How the answers of a route are compressed, as compiled.

/** Content codings that vigia can apply (RFC 9110 8.4.1, RFC 7932, RFC 8878). */
export type Coding = 'zstd' | 'br' | 'gzip'

/** How much time a coding may take. What each means for each coding is said in proxy/exchange/compression/encoders.ts. */
export type CompressionLevel = 'fast' | 'balanced' | 'small'

export interface CompressionPlan {
  /** Lower-case media types; a `*` stands for a subtype, or for what comes before a suffix: `text/*`, `application/*+json`. */
  readonly types: readonly string[]
  /** Shorter answers are left as they are. */
  readonly minBytes: number
  /** The first is taken of those that a client likes equally. */
  readonly codings: readonly Coding[]
  readonly level: CompressionLevel
  /** Upstreams are not told what the client accepts, so that they leave it to vigia. */
  readonly offload: boolean
  /** Its answers hold secrets beside what a request may say: only what is nobody's own is compressed. */
  readonly secrets: boolean
}
