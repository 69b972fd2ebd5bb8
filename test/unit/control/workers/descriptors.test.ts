import { expect, test } from 'vitest'
import { connectionLimitOf, descriptorLimit } from '../../../../src/control/workers/descriptors.ts'
import type { Snapshot } from '../../../../src/plan/snapshot.ts'

const snapshot = (connections: number | undefined) =>
  ({ workers: 1, listeners: [{}], pools: [], limits: { connections } }) as unknown as Snapshot

test('the limit of this process is known', () => {
  expect(descriptorLimit()).toBeGreaterThan(100)
})

test('the start says what too few descriptors lead to', () => {
  const of = (connections: number | undefined, descriptors: number) =>
    connectionLimitOf(snapshot(connections), descriptors)
  expect(of(undefined, 1_048_576)).toEqual({ connections: 10_000, warning: undefined })
  expect(of(50, 500)).toEqual({ connections: 50, warning: undefined })
  // A usual limit, and nobody has asked for more than it gives.
  expect(of(undefined, 20_000)).toEqual({ connections: 6_600, warning: undefined })
  for (const [wanted, stated] of [
    [undefined, 10_000],
    [5000, 5000],
  ] as const) {
    const { connections, warning } = of(wanted, 500)
    expect(connections).toBe(100)
    expect(warning).toMatch(new RegExp(`limits.connections is 100 for each listener and worker instead of ${stated}$`))
  }
})
