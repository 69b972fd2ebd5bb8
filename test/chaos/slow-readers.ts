// Clients that ask for more than they take: what an upstream says has to wait for them, or the upstream does. One over each protocol; over
// HTTP/2 a small window keeps the answer back, else only what neither kernel holds.

import type { Carrier } from '../support/carriers/carrier.ts'
import { H1Carrier } from '../support/carriers/h1-carrier.ts'
import { H2Carrier } from '../support/carriers/h2-carrier.ts'
import { branch, whole } from '../support/random.ts'
import { sleep } from '../support/until.ts'
import { slowAsk } from './asks.ts'
import type { LoadResult, LoadSetup } from './load.ts'
import { perform } from './requests.ts'

const KIB = 1024
/** The one that HTTP/2 begins with. */
const WINDOW = 65_535

export async function runSlowReaders(setup: LoadSetup, result: LoadResult): Promise<void> {
  const { plain, secure, trust } = setup.doors
  await Promise.all([
    runReader(setup, new H2Carrier(() => secure, trust, WINDOW), [400 * KIB, 1500 * KIB], result),
    runReader(setup, new H1Carrier(() => plain, undefined), [4000 * KIB, 8000 * KIB], result),
    runReader(setup, new H1Carrier(() => secure, trust), [4000 * KIB, 8000 * KIB], result),
  ])
}

async function runReader(
  { seed, until }: LoadSetup,
  carrier: Carrier,
  [least, most]: readonly [number, number],
  { seen }: LoadResult,
): Promise<void> {
  const random = branch(seed, `slow ${carrier.name}`)
  for (let count = 0; !until(); count += 1) {
    const ask = slowAsk(`slow-${carrier.name}-${count}`, whole(least, most, random), random)
    seen.push(await perform(carrier, ask, {}, () => {}))
    await sleep(200 + random() * 600)
  }
  carrier.close()
}
