// Who is passed over after a failure, and for how long.

import { expect, test } from 'vitest'
import { Suspects } from '../../../../src/proxy/pool/suspects.ts'
import type { Endpoint } from '../../../../src/proxy/upstream/endpoint.ts'

const [one, two, three] = [1, 2, 3].map(slot => ({ slot }) as unknown as Endpoint) as [Endpoint, Endpoint, Endpoint]

test('an upstream is passed over for a second after a failure, beside those that were tried', () => {
  const suspects = new Suspects()
  expect(suspects.with([one], 0)).toBeUndefined()
  suspects.add(two, 0)
  expect(suspects.with(undefined, 999)).toEqual([two])
  expect(suspects.with([one], 999)).toEqual([one, two])
  suspects.add(three, 500)
  expect(suspects.with(undefined, 1000)).toEqual([three])
  expect(suspects.with(undefined, 1500)).toBeUndefined()
})

test('an answer clears it at once', () => {
  const suspects = new Suspects()
  suspects.add(one, 0)
  suspects.clear(two)
  expect(suspects.with(undefined, 1)).toEqual([one])
  suspects.clear(one)
  expect(suspects.with(undefined, 1)).toBeUndefined()
})
