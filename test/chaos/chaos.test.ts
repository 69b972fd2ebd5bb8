// The short seed set: a round of a few seconds, with all kinds of faults to draw from. Long runs: `npm run chaos`.

import { expect, test } from 'vitest'
import { amount } from '../support/thorough.ts'
import { OWN_FAULT_KINDS } from './own-faults.ts'
import { runRound } from './round.ts'

/** Fewer requests, or none on a failing node, prove little: on a busy machine a round has to last longer. */
const ENOUGH_REQUESTS = 60

/** The round of every run: a vigia that has faults of its own needs a process of its own. */
const SPARES_VIGIA = 11

test.each([SPARES_VIGIA, 12].slice(0, amount(2, 1)))('faults under load break no promise (seed %i)', async seed => {
  for (let seconds = 2; ; seconds *= 2) {
    const { evidence, violations } = await runRound({
      seed,
      seconds,
      ownKinds: seed === SPARES_VIGIA ? [] : OWN_FAULT_KINDS,
    })
    expect(violations).toEqual([])
    if (evidence.seen.length > ENOUGH_REQUESTS && evidence.episodes.length > 0) return
  }
})
