// What happens to a thread that stands still, as compiled.

export interface WatchdogPlan {
  /** After this time a worker is replaced, ms; 0 = never. */
  readonly workerMs: number
  /** After this time without the control plane the workers end the process, ms; 0 = never. */
  readonly controlMs: number
}
