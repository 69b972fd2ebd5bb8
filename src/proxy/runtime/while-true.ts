// Waits for what tells nobody that it has come.

import { performance } from 'node:perf_hooks'

const LOOK_MS = 20

/** Resolves as soon as the condition is false, or after this time. */
export async function whileTrue(condition: () => boolean, atMostMs: number): Promise<void> {
  const until = performance.now() + atMostMs
  while (condition() && performance.now() < until) await new Promise(resolve => setTimeout(resolve, LOOK_MS))
}
