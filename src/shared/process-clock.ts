// One monotonic clock for all threads of the process: what one writes, another can compare.

import { performance } from 'node:perf_hooks'

/** A thread's own clock runs as fast, but begins with the thread. */
const [seconds, nanoseconds] = process.hrtime()
const aheadMs = seconds * 1000 + nanoseconds / 1e6 - performance.now()

/** ms; may be compared in all threads of this process, and in no other. */
export function processNowMs(): number {
  return performance.now() + aheadMs
}
