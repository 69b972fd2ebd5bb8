// The short seed set: two rounds of a few seconds, each with half of the kinds of faults to draw from. Long runs: `npm run chaos`.

import { expect, test } from 'vitest'
import { FAULT_KINDS } from './faults.ts'
import { runRound } from './round.ts'

const SECONDS = 2
const half = Math.ceil(FAULT_KINDS.length / 2)

test.each([
  { seed: 11, kinds: FAULT_KINDS.slice(0, half) },
  { seed: 12, kinds: FAULT_KINDS.slice(half) },
])('faults under load break no promise (seed $seed)', async ({ seed, kinds }) => {
  const { evidence, violations } = await runRound({ seed, seconds: SECONDS, kinds })
  expect(violations).toEqual([])
  expect(evidence.seen.length).toBeGreaterThan(60)
  expect(evidence.episodes.length).toBeGreaterThan(0)
})
