// A vitest test that runs a fast-check property.

import fc, { type Arbitrary } from 'fast-check'
import { test as vitestTest } from 'vitest'
import { amount } from '../../support/thorough.ts'

export { fc }

export function test<T extends [unknown, ...unknown[]]>(
  name: string,
  arbitraries: { [K in keyof T]: Arbitrary<T[K]> },
  predicate: (...values: T) => void,
  numRuns = 200,
): void {
  vitestTest(name, () => {
    fc.assert(
      fc.property(...(arbitraries as unknown as [Arbitrary<T[0]>]), predicate as unknown as (value: T[0]) => void),
      { numRuns: amount(numRuns) },
    )
  })
}
