// What the admin listener may ask of a reload, and what it learns of it. Control implements it.

/** What became of a reload. Its lines may be shown: no secrets. */
export type ReloadOutcome =
  | {
      readonly result: 'applied'
      readonly revision: number
      /** One line each; where there are many, not all. */
      readonly changes: readonly string[]
      /** Of all changes. */
      readonly total: number
      readonly warnings: readonly string[]
    }
  | { readonly result: 'unchanged'; readonly revision: number }
  /** One line each, `file:line:column: ...` where it is about a place in the file. The former configuration stays. */
  | {
      readonly result: 'refused'
      readonly problems: readonly string[]
      /** A change freeze forbids it. */
      readonly frozen?: boolean
    }

export interface ReloadOrder {
  readonly source: 'api' | 'cli'
  readonly by: string
  readonly reason: string | undefined
  /** Also in a change freeze; the reason has to say why. */
  readonly override: boolean
}

/** Reads the file again; undefined = this vigia was started without one. Never rejects. */
export type Reload = (order: ReloadOrder) => Promise<ReloadOutcome | undefined>
