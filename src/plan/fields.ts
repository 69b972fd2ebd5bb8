// What is done to the fields of requests and answers, beside what HTTP and forwarding ask for.

export interface FieldsPlan {
  readonly request?: RequestFieldsPlan | undefined
  readonly response?: ResponseFieldsPlan | undefined
}

export interface ResponseFieldsPlan {
  /** Value by name, in place of whatever was there; see policy/request/fields/template.ts. Where a secret stands in it, its braces are doubled. */
  readonly set: Readonly<Record<string, string>>
  /** Names, a `*` at the end for all that begin so. */
  readonly remove: readonly string[]
}

export interface RequestFieldsPlan extends ResponseFieldsPlan {
  /** What clients may claim all the same (policy/request/fields/claims.ts): names as they are spelled, a `*` at the end as above. */
  readonly keep: readonly string[]
}
