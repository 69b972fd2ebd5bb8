// What who runs vigia adds to its own pages.

/** The languages of the pages that users see. */
export type Language = 'en' | 'pt' | 'es' | 'it' | 'de'

/** Plain text, but for `logo` and `link`. */
export interface PagesPlan {
  /** Of who runs the application. */
  readonly name?: string | undefined
  /** An image as a data URI (RFC 2397). */
  readonly logo?: string | undefined
  readonly phone?: string | undefined
  readonly email?: string | undefined
  /** http: or https:. */
  readonly link?: string | undefined
  /** By the language of the reader, `any` for all that have none of their own. */
  readonly text?: Readonly<Partial<Record<Language | 'any', string>>> | undefined
}
