// What is kept over a restart, where and for how long, as compiled.

export interface StorePlan {
  /** Absolute. */
  readonly path: string
  readonly keepDays: {
    readonly audit: number
    readonly transitions: number
    readonly incidents: number
    readonly inDoubt: number
    readonly configurations: number
  }
}
