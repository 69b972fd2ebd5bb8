// Cross-checks of limits on clients: such as a browser meets without doing wrong, and keys without effect.

import { type Finding, type Path, warning } from '../read/problem.ts'
import type { ConfigDocument } from '../schema.ts'
import { minRateOf } from './compile-access.ts'

/** What browsers open to one host over HTTP/1.1. */
const BROWSER_CONNECTIONS = 6
/** What a poor mobile line still carries. */
const HIGH_MIN_RATE = 16 * 1024

export function* checkLimits(limits: ConfigDocument['limits']): Iterable<Finding> {
  const at: Path = ['limits']
  if ((limits?.connectionsPerClient ?? BROWSER_CONNECTIONS) < BROWSER_CONNECTIONS) {
    yield warning(
      [...at, 'connectionsPerClient'],
      `one browser opens up to ${BROWSER_CONNECTIONS} connections: pages would load in part only`,
    )
  }
  const rate = minRateOf(limits)
  if (rate > HIGH_MIN_RATE) {
    yield warning([...at, 'minRate'], 'users on a poor line are slower than that: their transfers would be cut')
  }
  if (rate === 0 && limits?.minRateGrace !== undefined) {
    yield warning([...at, 'minRateGrace'], 'has no effect with minRate: 0', 'key')
  }
}
